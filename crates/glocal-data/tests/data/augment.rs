//! Oracles: every place of a crop by hand, the angle read off a ramp, and invariances. What each variation does to
//! each pixel is tested beside the code.

use std::collections::BTreeMap;

use glocal_data::{Augmentation, Augmentations, Batch, DataError, Draw, ImageDataset, Stream};

fn draw(epoch: u64) -> Draw {
    Draw::new(&Stream::new(2).fork("augmentation"), epoch)
}

/// Many copies of an image, each varied on its own.
fn varied(text: &str, [height, width]: [usize; 2], image: &[f32], copies: usize) -> Vec<Vec<f32>> {
    let mut batch = Batch::from_values([height, width], image.repeat(copies), vec![0; copies]).unwrap();
    text.parse::<Augmentations>().unwrap().apply(&mut batch, &draw(0)).unwrap();
    batch.values().chunks(image.len()).map(<[f32]>::to_vec).collect()
}

/// One white pixel in the middle of 5 x 5 moves to each of 3 x 3 places, evenly.
#[test]
fn a_crop_with_padding_moves_the_image_to_every_place() {
    let mut image = [0.0; 25];
    image[12] = 1.0;
    let mut places = BTreeMap::new();
    for after in varied("crop=1", [5, 5], &image, 1800) {
        assert_eq!(after.iter().sum::<f32>(), 1.0);
        *places.entry(after.iter().position(|&x| x == 1.0).unwrap()).or_insert(0) += 1;
    }
    assert_eq!(places.keys().copied().collect::<Vec<_>>(), [6, 7, 8, 11, 12, 13, 16, 17, 18]);
    assert!(places.values().all(|&count: &i32| (count - 200).abs() < 60), "{places:?}");
    assert_eq!(varied("crop=0", [5, 5], &image, 1)[0], image);
}

#[test]
fn flips_come_at_the_share_asked_for() {
    let (image, mirrored) = ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]);
    let flipped = |text: &str| {
        let after = varied(text, [1, 3], &image, 4000);
        assert!(after.iter().all(|a| a[..] == image || a[..] == mirrored));
        after.iter().filter(|a| a[..] == mirrored).count()
    };
    assert_eq!((flipped("flip=0"), flipped("flip=1")), (0, 4000));
    assert!(flipped("flip=0.25").abs_diff(1000) < 110);
}

/// Interpolation keeps a ramp a ramp: its slopes along x and y are cos φ and -sin φ times what they were.
#[test]
fn angles_are_even_within_the_bound() {
    let ramp: Vec<f32> = (0..81).map(|i| (i % 9) as f32 / 8.0).collect();
    let angle = |after: &Vec<f32>| {
        let slope = |step: usize| f64::from(after[40 + step] - after[40 - step]) * 4.0;
        let (along_x, along_y) = (slope(1), slope(9));
        assert!((along_x.powi(2) + along_y.powi(2) - 1.0).abs() < 1e-5);
        (-along_y).atan2(along_x).to_degrees()
    };
    let angles: Vec<f64> = varied("rotation=30", [9, 9], &ramp, 3000).iter().map(angle).collect();
    assert!(angles.iter().all(|angle| angle.abs() < 30.001));
    let mean = |power: i32| angles.iter().map(|angle| angle.powi(power)).sum::<f64>() / 3000.0;
    assert!(mean(1).abs() < 4.0 * 30.0 / 3.0_f64.sqrt() / 3000_f64.sqrt(), "{}", mean(1));
    // Of a uniform distribution's square: mean D²/3, standard deviation 2D²/√45.
    assert!((mean(2) - 300.0).abs() < 4.0 * 2.0 * 900.0 / 45_f64.sqrt() / 3000_f64.sqrt(), "{}", mean(2));
}

/// With one of its parts alone, an affine map moves, stretches or slants a ramp by what the bound allows; the moves are
/// even.
#[test]
fn affine_maps_keep_to_their_bounds() {
    let ramp: Vec<f32> = (0..81).map(|i| (i % 9) as f32 / 8.0).collect();
    // The middle, and the slopes along x and y, in pixels.
    let read = |text: &str| -> Vec<[f64; 3]> {
        let after = varied(text, [9, 9], &ramp, 3000);
        let of = |a: &Vec<f32>| [a[40], (a[41] - a[39]) / 2.0, (a[49] - a[31]) / 2.0].map(|x| f64::from(x) * 8.0);
        after.iter().map(of).collect()
    };
    let bound = |values: &[[f64; 3]], at: usize, [middle, bound]: [f64; 2]| {
        let from = |value: &[f64; 3]| value[at] - middle;
        assert!(values.iter().all(|value| from(value).abs() < bound + 1e-5));
        let mean = values.iter().map(from).sum::<f64>() / 3000.0;
        let square = values.iter().map(|value| from(value).powi(2)).sum::<f64>() / 3000.0;
        assert!(mean.abs() < 4.0 * (bound.powi(2) / 3.0 / 3000.0).sqrt() + 1e-5, "{mean}");
        assert!(
            (square - bound.powi(2) / 3.0).abs() < 8.0 * bound.powi(2) / (45.0_f64 * 3000.0).sqrt() + 1e-9,
            "{square}"
        );
    };
    let moved = read("affine=0,0,0,2");
    (0..3).for_each(|at| bound(&moved, at, [[4.0, 2.0], [1.0, 0.0], [0.0, 0.0]][at]));
    let stretched = read("affine=0,0.25,0,0");
    (0..3).for_each(|at| bound(&stretched, at, [[4.0, 0.0], [1.0, 0.25], [0.0, 0.0]][at]));
    let slanted = read("affine=0,0,0.5,0");
    (0..3).for_each(|at| bound(&slanted, at, [[4.0, 0.0], [1.0, 0.0], [0.0, 0.5]][at]));
    assert_eq!(varied("affine=30,0,0,0", [9, 9], &ramp, 5), varied("rotation=30", [9, 9], &ramp, 5));
}

/// The draws are of the sample and the epoch, not of the batch.
#[test]
fn a_sample_varies_the_same_in_every_batch_and_otherwise_in_the_next_epoch() {
    let pixels: Vec<u8> = (0..3).flat_map(|_| 0..75).collect();
    let set = ImageDataset::new("x", 1, [3, 5, 5], pixels, vec![0; 3]).unwrap();
    let chain: Augmentations = "crop=2+flip=0.5+rotation=20".parse().unwrap();
    let varied = |numbers: &[u32], epoch| {
        let mut batch = Batch::new();
        set.gather(numbers, &mut batch).unwrap();
        chain.apply(&mut batch, &draw(epoch)).unwrap();
        assert!(batch.values().iter().all(|x| (0.0..=1.0).contains(x)));
        batch.values().to_vec()
    };
    let all = varied(&[0, 1, 2], 0);
    assert_eq!(varied(&[2, 0], 0), [&all[150..], &all[..75]].concat());
    assert_ne!(all[..75], all[75..150]);
    assert_ne!(varied(&[0], 1), all[..75]);
}

#[test]
fn texts_are_read_and_written() {
    for text in ["crop=4", "flip=0.5", "rotation=15", "affine=10,0.25,0.5,2"] {
        let augmentation: Augmentation = text.parse().unwrap();
        assert_eq!(augmentation.to_string(), text);
        let json = serde_json::to_string(&augmentation).unwrap();
        assert_eq!(serde_json::from_str::<Augmentation>(&json).unwrap(), augmentation);
    }
    assert_eq!("crop=4+flip=0.5".parse::<Augmentations>().unwrap().to_string(), "crop=4+flip=0.5");
    for text in [
        "",
        "crop",
        "crop=-1",
        "crop=1.5",
        "flip=2",
        "flip=nan",
        "rotation=181",
        "rotation=-1",
        "shear=3",
        "affine=5",
        "affine=1,1,0,0",
        "affine=1,0,0,-1",
    ] {
        assert!(matches!(text.parse::<Augmentation>(), Err(DataError::Parameter { .. })), "{text}");
    }
    let mut batch = Batch::from_values([1, 1], vec![0.5], vec![0]).unwrap();
    assert!(Augmentation::Rotation { degrees: f64::NAN }.apply(&mut batch, &draw(0)).is_err());
    Augmentation::Crop { padding: u32::MAX }.apply(&mut batch, &draw(0)).unwrap();
    assert_eq!(batch.values(), [0.0]);
}
