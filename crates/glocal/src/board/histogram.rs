//! Numbers sorted into buckets.

use super::message::HistogramProto;

/// Buckets of a histogram: as many as TensorBoard draws.
const BUCKETS: usize = 30;

/// The finite of `values` in buckets of equal width from the smallest to the largest; `None` where there is none.
pub(super) fn histogram(values: impl Iterator<Item = f64> + Clone) -> Option<HistogramProto> {
    let finite = values.filter(|value| value.is_finite());
    let mut all = HistogramProto { min: f64::INFINITY, max: f64::NEG_INFINITY, ..HistogramProto::default() };
    for value in finite.clone() {
        (all.min, all.max) = (all.min.min(value), all.max.max(value));
        (all.num, all.sum, all.sum_squares) = (all.num + 1.0, all.sum + value, all.sum_squares + value * value);
    }
    if all.num == 0.0 {
        return None;
    }
    // Equal numbers have one bucket.
    let count = if all.min < all.max { BUCKETS } else { 1 };
    let width = (all.max - all.min) / count as f64;
    all.bucket = vec![0.0; count];
    for value in finite {
        // The largest would begin a bucket of its own.
        let place = if width > 0.0 { ((value - all.min) / width) as usize } else { 0 };
        all.bucket[place.min(count - 1)] += 1.0;
    }
    all.bucket_limit = (1..count).map(|edge| all.min + edge as f64 * width).chain([all.max]).collect();
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // From 0 to 30 a bucket is 1 wide; 30 itself is in the last.
        let found = histogram([0.0, 0.5, 1.0, 29.5, 30.0, f64::NAN].into_iter()).unwrap();
        assert_eq!((found.min, found.max, found.num, found.sum), (0.0, 30.0, 5.0, 61.0));
        assert_eq!(found.sum_squares, 0.25 + 1.0 + 870.25 + 900.0);
        assert_eq!((found.bucket[0], found.bucket[1], found.bucket[29]), (2.0, 1.0, 2.0));
        assert_eq!((found.bucket_limit[0], found.bucket_limit[29], found.bucket.len()), (1.0, 30.0, 30));
    }

    #[test]
    fn equal_numbers_have_one_bucket_and_none_have_no_histogram() {
        let found = histogram([2.0; 3].into_iter()).unwrap();
        assert_eq!((&found.bucket[..], &found.bucket_limit[..]), (&[3.0][..], &[2.0][..]));
        assert_eq!(histogram([f64::INFINITY].into_iter()), None);
        // A width that is not finite puts all in the first bucket: no index overflows.
        let extreme = histogram([f64::MIN, f64::MAX].into_iter()).unwrap();
        assert_eq!(extreme.bucket.iter().sum::<f64>(), 2.0);
    }
}
