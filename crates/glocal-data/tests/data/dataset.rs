//! Oracles: values by hand; properties that any right split has.

use glocal_data::{Batch, DataError, ImageDataset, Stream};
use proptest::prelude::*;

fn tiny() -> ImageDataset {
    ImageDataset::new("tiny", 2, [1, 2], vec![0, 255, 51, 102, 153, 204], vec![0, 1, 1]).unwrap()
}

#[test]
fn a_batch_holds_grey_values_labels_and_numbers_in_the_order_asked_for() {
    let mut batch = Batch::new();
    tiny().gather(&[2, 0, 2], &mut batch).unwrap();
    assert_eq!(batch.values(), [0.6, 0.8, 0.0, 1.0, 0.6, 0.8]);
    assert_eq!((batch.labels(), batch.numbers()), (&[1, 0, 1][..], &[2, 0, 2][..]));
    assert_eq!((batch.size(), batch.inputs(), batch.height(), batch.width()), (3, 2, 1, 2));
}

#[test]
fn grey_values_are_the_nearest_to_n_255ths() {
    let levels: Vec<u8> = (0..=255).collect();
    let set = ImageDataset::new("levels", 1, [16, 16], levels, vec![0]).unwrap();
    let mut batch = Batch::new();
    set.gather(&[0], &mut batch).unwrap();
    for (level, &value) in batch.values().iter().enumerate() {
        assert_eq!(value, (level as f64 / 255.0) as f32);
    }
}

#[test]
fn gathering_again_uses_the_same_memory() {
    let (set, mut batch) = (tiny(), Batch::new());
    set.gather(&[0, 1, 2], &mut batch).unwrap();
    let memory = (batch.values().as_ptr(), batch.labels().as_ptr());
    set.gather(&[2, 1], &mut batch).unwrap();
    assert_eq!((batch.values().as_ptr(), batch.labels().as_ptr()), memory);
    assert_eq!(batch.size(), 2);
}

#[test]
fn a_sample_that_is_not_there_is_named() {
    let mut batch = Batch::new();
    let error = tiny().gather(&[0, 3], &mut batch).unwrap_err();
    assert_eq!(error.to_string(), "data set tiny has 3 samples: there is no sample 3");
    assert_eq!((batch.size(), batch.values().len()), (0, 0));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let new = |classes, size, pixels, labels| ImageDataset::new("x", classes, size, vec![0; pixels], labels);
    let inconsistent = |result: Result<_, DataError>| match result.unwrap_err() {
        DataError::Inconsistent { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(inconsistent(new(2, [0, 2], 0, vec![0])), "image size");
    assert_eq!(inconsistent(new(2, [usize::MAX, 2], 0, vec![0])), "image size");
    assert_eq!(inconsistent(new(0, [1, 2], 2, vec![0])), "number of classes");
    assert_eq!(inconsistent(new(257, [1, 2], 2, vec![0])), "number of classes");
    assert_eq!(inconsistent(new(2, [1, 2], 3, vec![0])), "number of pixels");
    assert_eq!(inconsistent(new(2, [1, 2], 0, vec![])), "number of samples");
    assert!(matches!(new(2, [1, 2], 4, vec![0]), Err(DataError::CountMismatch { images: 2, labels: 1, .. })));
    assert!(matches!(new(2, [1, 2], 4, vec![0, 2]), Err(DataError::LabelOutOfRange { sample: 1, found: 2, .. })));
}

#[test]
fn float_inputs_must_be_intensities() {
    for bad in [f32::NAN, f32::INFINITY, -0.1, 1.001] {
        let error = Batch::from_values([1, 2], vec![0.0, 1.0, 0.5, bad], vec![0, 1]).unwrap_err();
        assert!(matches!(error, DataError::Intensity { sample: 1, input: 1, .. }), "{error}");
    }
    assert!(matches!(Batch::from_values([1, 2], vec![0.0], vec![0]), Err(DataError::Inconsistent { .. })));
    assert_eq!(Batch::from_values([0, 2], vec![], vec![]).unwrap().size(), 0);
}

/// By hand: classes of 5, 3 and 2 samples give 2.0, 1.2 and 0.8 of 4, that is 2, 1 and 1.
#[test]
fn validation_is_stratified_by_largest_remainders() {
    let labels = vec![0, 1, 0, 2, 0, 1, 0, 2, 0, 1];
    let set = ImageDataset::new("x", 3, [1, 1], vec![0; 10], labels.clone()).unwrap();
    let split = set.split_validation(4, &Stream::new(0)).unwrap();
    let count = |label| split.validation.iter().filter(|&&i| labels[i as usize] == label).count();
    assert_eq!([count(0), count(1), count(2)], [2, 1, 1]);
    let error = set.split_validation(10, &Stream::new(0)).unwrap_err();
    assert_eq!(error.to_string(), "validation samples = 10 of 10: expected fewer than the training samples");
}

proptest! {
    #[test]
    fn a_split_loses_no_sample_and_depends_on_the_seed_alone(
        labels in prop::collection::vec(0_u8..7, 2..200), share in 0.0..1.0, seed: u64,
    ) {
        let total = labels.len();
        let set = ImageDataset::new("x", 7, [1, 1], vec![0; total], labels.clone()).unwrap();
        let wanted = (share * total as f64) as usize;
        let split = set.split_validation(wanted, &Stream::new(seed)).unwrap();
        prop_assert_eq!(split.validation.len(), wanted);
        prop_assert!(split.train.is_sorted() && split.validation.is_sorted());
        let mut all = [&split.train[..], &split.validation].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..total as u32).collect::<Vec<_>>());
        for label in 0..7 {
            let of = |numbers: &[u32]| numbers.iter().filter(|&&i| labels[i as usize] == label).count() as f64;
            let exact = wanted as f64 * (of(&split.train) + of(&split.validation)) / total as f64;
            prop_assert!((of(&split.validation) - exact).abs() < 1.0);
        }
        prop_assert_eq!(&split, &set.split_validation(wanted, &Stream::new(seed)).unwrap());
    }
}
