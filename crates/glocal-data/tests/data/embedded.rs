//! Oracles: the full set, drawn from again, and the counts that the documentation states.

use glocal_data::{Split, embedded, load};

use crate::published;

#[test]
fn the_subset_is_balanced() {
    for (split, of_a_class) in [(Split::Train, 600), (Split::Test, 100)] {
        let set = embedded::fashion_mnist(split).unwrap();
        assert_eq!((set.len(), set.height(), set.width(), set.classes()), (10 * of_a_class, 28, 28, 10));
        for label in 0..10 {
            assert_eq!(set.labels().iter().filter(|&&l| l == label).count(), of_a_class);
        }
    }
}

#[test]
fn the_subset_is_what_the_full_set_gives() {
    let Some(found) = published::found(embedded::origin().unwrap().name) else { return };
    for split in [Split::Train, Split::Test] {
        let drawn = embedded::draw_from(&load(&found, split).unwrap(), split).unwrap();
        assert!(drawn == embedded::fashion_mnist(split).unwrap(), "{split}");
    }
}

#[test]
fn the_files_are_small() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("embedded");
    let sizes = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(sizes.sum::<u64>() < 3_500_000);
}
