//! JSON has no NaN: serde_json writes a number that is not finite as `null`, and these read it back as NaN.

use serde::{Deserialize, Deserializer};

pub(super) fn one<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or(f64::NAN))
}

pub(super) fn many<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(input)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

pub(super) fn many_f32<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<f32>, D::Error> {
    let values = Vec::<Option<f32>>::deserialize(input)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f32::NAN)).collect())
}

pub(super) fn rows_f32<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Vec<f32>>, D::Error> {
    let rows = Vec::<Vec<Option<f32>>>::deserialize(input)?;
    Ok(rows.into_iter().map(|row| row.into_iter().map(|value| value.unwrap_or(f32::NAN)).collect()).collect())
}

pub(super) fn pair<'de, D: Deserializer<'de>>(input: D) -> Result<[f64; 2], D::Error> {
    let values = <[Option<f64>; 2]>::deserialize(input)?;
    Ok(values.map(|value| value.unwrap_or(f64::NAN)))
}

pub(super) fn pair_or_none<'de, D: Deserializer<'de>>(input: D) -> Result<Option<[f64; 2]>, D::Error> {
    let values = Option::<[Option<f64>; 2]>::deserialize(input)?;
    Ok(values.map(|values| values.map(|value| value.unwrap_or(f64::NAN))))
}

pub(super) fn three<'de, D: Deserializer<'de>>(input: D) -> Result<[f64; 3], D::Error> {
    let values = <[Option<f64>; 3]>::deserialize(input)?;
    Ok(values.map(|value| value.unwrap_or(f64::NAN)))
}

pub(super) fn points<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<(f64, Vec<f64>)>, D::Error> {
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let points = Vec::<(Option<f64>, Vec<Option<f64>>)>::deserialize(input)?;
    Ok(points.into_iter().map(|(at, values)| (or_nan(at), values.into_iter().map(or_nan).collect())).collect())
}

pub(super) fn rows<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Vec<f64>>, D::Error> {
    let rows = Vec::<Vec<Option<f64>>>::deserialize(input)?;
    Ok(rows.into_iter().map(|row| row.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()).collect())
}
