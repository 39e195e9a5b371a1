//! Oracles: the moments that scikit-image's definitions have, frames by hand, and invariances.

use glocal_data::{Batch, Corruption, Corruptions, DataError, Draw, Fault, ImageDataset, Stream};

const SIDE: usize = 100;
const PIXELS: f64 = (SIDE * SIDE) as f64;

fn draw() -> Draw {
    Draw::new(&Stream::new(6).fork("corruption"), 0)
}

/// One grey image after damage.
fn damaged(text: &str, grey: f32) -> Vec<f64> {
    let mut batch = Batch::from_values([SIDE, SIDE], vec![grey; SIDE * SIDE], vec![0]).unwrap();
    text.parse::<Corruption>().unwrap().apply(&mut batch, &draw()).unwrap();
    batch.values().iter().copied().map(f64::from).collect()
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

fn share_of(values: &[f64], wanted: f64) -> f64 {
    values.iter().filter(|&&x| x == wanted).count() as f64 / values.len() as f64
}

#[test]
fn gaussian_noise_has_the_variance_asked_for() {
    for variance in [0.0, 0.001, 0.01] {
        let (mean, found) = mean_and_variance(&damaged(&format!("gaussian={variance}"), 0.5));
        assert!((mean - 0.5).abs() <= 4.0 * (variance / PIXELS).sqrt(), "{mean}");
        assert!((found - variance).abs() <= 4.0 * variance * (2.0 / PIXELS).sqrt(), "{found}");
    }
}

/// On black, half of the noise is clipped: the mean is that of max(0, n), √(v/2π).
#[test]
fn gaussian_noise_is_clipped() {
    let values = damaged("gaussian=0.06", 0.0);
    assert!(values.iter().all(|x| (0.0..=1.0).contains(x)));
    assert!((share_of(&values, 0.0) - 0.5).abs() < 0.02);
    let (mean, _) = mean_and_variance(&values);
    assert!((mean - (0.06 / std::f64::consts::TAU).sqrt()).abs() < 0.006, "{mean}");
}

#[test]
fn speckle_scales_with_the_image() {
    assert_eq!(damaged("speckle=0.5", 0.0), vec![0.0; SIDE * SIDE]);
    let (_, variance) = mean_and_variance(&damaged("speckle=0.04", 0.5));
    assert!((variance - 0.25 * 0.04).abs() < 4.0 * 0.01 * (2.0 / PIXELS).sqrt(), "{variance}");
}

#[test]
fn salt_and_pepper_hit_the_share_asked_for() {
    for (text, white, black) in
        [("salt=0.1", 0.1, 0.0), ("pepper=0.6", 0.0, 0.6), ("salt-and-pepper=0.2", 0.1, 0.1), ("salt=1", 1.0, 0.0)]
    {
        let values = damaged(text, 0.5);
        for (wanted, expected) in [(1.0, white), (0.0, black), (0.5, 1.0 - white - black)] {
            let deviation = (expected * (1.0 - expected) / PIXELS).sqrt();
            assert!((share_of(&values, wanted) - expected).abs() <= 4.0 * deviation, "{text}: {wanted}");
        }
    }
}

fn frame(text: &str, [height, width]: [usize; 2]) -> Vec<f32> {
    let mut batch = Batch::from_values([height, width], vec![1.0; height * width], vec![0]).unwrap();
    text.parse::<Corruption>().unwrap().apply(&mut batch, &draw()).unwrap();
    batch.values().to_vec()
}

#[test]
#[rustfmt::skip]
fn frames_and_squares_are_where_they_should_be() {
    assert_eq!(frame("border=1", [4, 4]), [
        0., 0., 0., 0.,
        0., 1., 1., 0.,
        0., 1., 1., 0.,
        0., 0., 0., 0.]);
    assert_eq!(frame("centre=1", [4, 6]), [
        1., 1., 1., 1., 1., 1.,
        1., 1., 0., 0., 1., 1.,
        1., 1., 0., 0., 1., 1.,
        1., 1., 1., 1., 1., 1.]);
    for (text, value) in [("border=0", 1.0), ("centre=0", 1.0), ("border=2", 0.0), ("centre=4294967295", 0.0), ("border=4294967295", 0.0)] {
        assert_eq!(frame(text, [4, 4]), [value; 16], "{text}");
    }
}

#[test]
fn a_sample_is_damaged_the_same_in_every_batch_and_samples_differ() {
    let set = ImageDataset::new("x", 1, [5, 5], vec![128; 75], vec![0; 3]).unwrap();
    for text in [
        "gaussian=0.06",
        "speckle=0.3",
        "salt=0.3",
        "pepper=0.3",
        "salt-and-pepper=0.3",
        "random-crop=1",
        "gaussian=0.1+occlusion=0.3",
    ] {
        let corruption: Corruptions = text.parse().unwrap();
        let damaged = |numbers: &[u32]| {
            let mut batch = Batch::new();
            set.gather(numbers, &mut batch).unwrap();
            corruption.apply(&mut batch, &draw()).unwrap();
            batch.values().to_vec()
        };
        let all = damaged(&[0, 1, 2]);
        assert_eq!(damaged(&[2, 0]), [&all[50..], &all[..25]].concat());
        assert_ne!(all[..25], all[25..50]);
    }
}

#[test]
fn texts_are_read_and_written() {
    for text in [
        "gaussian=0.06",
        "speckle=100",
        "salt=0.25",
        "pepper=0",
        "salt-and-pepper=1",
        "border=3",
        "centre=14",
        "random-crop=7",
        "occlusion=0.25",
    ] {
        let corruption: Corruption = text.parse().unwrap();
        assert_eq!(corruption.to_string(), text);
        let json = serde_json::to_string(&corruption).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Corruption>(&json).unwrap(), corruption);
    }
    for text in [
        "",
        "gaussian",
        "gaussian=",
        "gaussian=-0.1",
        "gaussian=NaN",
        "gaussian=inf",
        "gauss=0.1",
        "salt=1.5",
        "pepper=-1",
        "border=1.5",
        "centre=-1",
        "border=99999999999",
        "random-crop=0.5",
        "occlusion=1.01",
        "gaussian=0.1,0.2",
    ] {
        let error = text.parse::<Corruption>().unwrap_err();
        assert!(matches!(error, DataError::Parameter { what: "corruption", .. }));
        assert!(error.to_string().starts_with(&format!("corruption = {text}: expected ")), "{error}");
        assert!(serde_json::from_str::<Corruption>(&format!("\"{text}\"")).is_err());
    }
}

#[test]
fn impossible_strengths_and_values_are_refused() {
    let mut batch = Batch::from_values([1, 1], vec![0.5], vec![0]).unwrap();
    for corruption in [
        Corruption::Gaussian { variance: f64::NAN },
        Corruption::Speckle { variance: -1.0 },
        Corruption::Salt { amount: f64::INFINITY },
    ] {
        assert!(matches!(corruption.apply(&mut batch, &draw()), Err(DataError::Parameter { .. })));
        assert_eq!(batch.values(), [0.5]);
    }
}

/// White images of 6 x 8 after damage, each as the rows and columns that are black.
fn black_parts(text: &str, images: usize) -> Vec<[Vec<usize>; 2]> {
    let mut batch = Batch::from_values([6, 8], vec![1.0; images * 48], vec![0; images]).unwrap();
    text.parse::<Corruption>().unwrap().apply(&mut batch, &draw()).unwrap();
    let parts = |image: &[f32]| {
        let black = |row: usize, column: usize| image[row * 8 + column] == 0.0;
        let rows: Vec<usize> = (0..6).filter(|&row| (0..8).any(|column| black(row, column))).collect();
        let columns: Vec<usize> = (0..8).filter(|&column| (0..6).any(|row| black(row, column))).collect();
        let inside = |row, column| rows.contains(&row) && columns.contains(&column);
        assert!((0..6).all(|row| (0..8).all(|column| black(row, column) == inside(row, column))), "a rectangle");
        [rows, columns]
    };
    batch.values().chunks(48).map(parts).collect()
}

/// A square of 4 x 4 has 3 x 5 places; each comes up, and none more than twice as often as on average.
#[test]
fn a_random_crop_is_a_square_at_any_place() {
    let parts = black_parts("random-crop=2", 3000);
    let mut places = std::collections::BTreeMap::new();
    for [rows, columns] in &parts {
        assert_eq!((rows.len(), columns.len()), (4, 4));
        *places.entry((rows[0], columns[0])).or_insert(0) += 1;
    }
    let expected: Vec<(usize, usize)> = (0..3).flat_map(|row| (0..5).map(move |column| (row, column))).collect();
    assert_eq!(places.keys().copied().collect::<Vec<_>>(), expected);
    assert!(places.values().all(|&count: &i32| (count - 200).abs() < 60), "{places:?}");
    assert_eq!(black_parts("random-crop=0", 1)[0], [const { Vec::<usize>::new() }; 2]);
    assert_eq!(black_parts("random-crop=4294967295", 1)[0], [(0..6).collect(), (0..8).collect::<Vec<_>>()]);
}

/// By hand: of 6 x 8, a quarter is 3 x 4; 1/3 is 3 (of 3.46) x 5 (of 5.33); 1/48 is one pixel; 1/1000 none.
#[test]
fn an_occlusion_covers_the_share_asked_for() {
    for (share, [height, width]) in [("0.25", [3, 4]), ("0.3333", [3, 5]), ("0.0208333", [1, 1]), ("1", [6, 8])] {
        let [rows, columns] = &black_parts(&format!("occlusion={share}"), 1)[0];
        assert_eq!([rows.len(), columns.len()], [height, width], "{share}");
    }
    for share in ["0", "0.001"] {
        assert_eq!(black_parts(&format!("occlusion={share}"), 1)[0], [const { Vec::<usize>::new() }; 2]);
    }
}

#[test]
fn all_channels_are_covered_alike_and_noisy_each_on_its_own() {
    let planes = |text: &str| {
        let mut batch = Batch::from_values([3, 6, 5], vec![0.5; 2 * 90], vec![0, 0]).unwrap();
        text.parse::<Corruption>().unwrap().apply(&mut batch, &draw()).unwrap();
        batch.values().chunks(30).map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    for text in ["border=1", "centre=1", "random-crop=1", "occlusion=0.3"] {
        let found = planes(text);
        assert!(found[0].contains(&0.0) && found[0].contains(&0.5));
        assert!(found[0] == found[1] && found[0] == found[2] && found[3] == found[5], "{text}");
    }
    let noisy = planes("gaussian=0.01");
    assert!(noisy[0] != noisy[1] && noisy[1] != noisy[2]);
}

fn after(text: &str) -> Vec<f32> {
    let mut batch = Batch::from_values([8, 8], vec![0.5; 64], vec![0]).unwrap();
    text.parse::<Corruptions>().unwrap().apply(&mut batch, &draw()).unwrap();
    batch.values().to_vec()
}

#[test]
fn corruptions_are_applied_in_order() {
    let (covered_last, covered_first) = (after("salt=1+centre=2"), after("centre=2+salt=1"));
    assert_eq!(covered_last.iter().filter(|&&x| x == 0.0).count(), 16);
    assert_eq!(covered_first, vec![1.0; 64]);
    assert_eq!(after("none"), vec![0.5; 64]);
    let alone: Corruption = "gaussian=0.01".parse().unwrap();
    let mut batch = Batch::from_values([8, 8], vec![0.5; 64], vec![0]).unwrap();
    alone.apply(&mut batch, &draw()).unwrap();
    assert_eq!(after("gaussian=0.01"), batch.values(), "alone in a chain it draws as without");
}

/// The same noise twice is not the double noise: variances add.
#[test]
fn links_of_a_chain_draw_on_their_own() {
    let mut batch = Batch::from_values([SIDE, SIDE], vec![0.5; SIDE * SIDE], vec![0]).unwrap();
    "gaussian=0.005+gaussian=0.005".parse::<Corruptions>().unwrap().apply(&mut batch, &draw()).unwrap();
    let (_, variance) = mean_and_variance(&batch.values().iter().copied().map(f64::from).collect::<Vec<_>>());
    assert!((variance - 0.01).abs() <= 4.0 * 0.01 * (2.0 / PIXELS).sqrt(), "{variance}");
}

#[test]
fn chains_are_read_checked_and_written() {
    let chain: Corruptions = "gaussian=0.06 + centre=4".parse().unwrap();
    assert_eq!(chain.to_string(), "gaussian=0.06+centre=4");
    assert_eq!(chain.links(), [Corruption::Gaussian { variance: 0.06 }, Corruption::Centre { half: 4 }]);
    let joined = Corruptions::from(chain.links()[0]).then("centre=4".parse::<Corruptions>().unwrap());
    assert_eq!(joined, chain);
    let error = "gaussian=0.06+centre=-4".parse::<Corruptions>().unwrap_err();
    assert!(error.to_string().starts_with("corruption = centre=-4: expected "), "{error}");
    let mut batch = Batch::from_values([1, 1], vec![0.5], vec![0]).unwrap();
    let bad = Corruptions::from_iter([Corruption::Salt { amount: 1.0 }, Corruption::Salt { amount: 2.0 }]);
    assert!(bad.apply(&mut batch, &draw()).is_err());
    assert_eq!(batch.values(), [0.5], "nothing is done if not all can be");
}

/// The published ladder, by hand at its first, seventh and last rungs.
#[test]
fn fault_levels_are_the_published_ones() {
    let written = |level: u32| Fault::ALL.map(|fault| fault.level(level).unwrap().to_string()).join(" ");
    assert_eq!(written(0), "centre=0 gaussian=0 salt=0 pepper=0 salt-and-pepper=0 speckle=0");
    assert_eq!(written(7), "centre=7 gaussian=0.07 salt=0.07 pepper=0.42 salt-and-pepper=0.14 speckle=700");
    assert_eq!(written(14), "centre=14 gaussian=0.14 salt=0.14 pepper=0.84 salt-and-pepper=0.28 speckle=1400");
    for fault in Fault::ALL {
        (0..=Fault::MOST).for_each(|level| fault.level(level).unwrap().validate().unwrap());
        assert!(matches!(fault.level(15), Err(DataError::Parameter { .. })));
    }
}
