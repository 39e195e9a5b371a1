//! Oracle: the published sets themselves, where this machine has them. Tests that need an absent set say so.

use glocal_data::{DataError, Found, Locations, Split, load, registry};

/// The set, or a line that says that the test did nothing.
pub fn found(name: &str) -> Option<Found> {
    let found = Locations::of_this_machine(None).find(registry::find(name).unwrap());
    found.inspect_err(|error| eprintln!("SKIPPED: {error}")).ok()
}

fn check(name: &str, first_train: &[u8], first_test: &[u8], train_counts: &[usize], test_counts: &[usize]) {
    let Some(found) = found(name) else { return };
    found.verify().unwrap();
    for (split, first, counts, samples) in [
        (Split::Train, first_train, train_counts, found.known.train_samples),
        (Split::Test, first_test, test_counts, found.known.test_samples),
    ] {
        let set = load(&found, split).unwrap();
        assert_eq!((set.len(), set.height(), set.width()), (samples, 28, 28));
        assert_eq!(&set.labels()[..5], first);
        let count = |label| set.labels().iter().filter(|&&l| usize::from(l) == label).count();
        assert_eq!((0..10).map(count).collect::<Vec<_>>(), counts, "{name} {split}");
    }
}

#[test]
fn fashion_mnist_is_the_published_one() {
    check("fashion-mnist", &[9, 0, 0, 3, 0], &[9, 2, 1, 1, 6], &[6000; 10], &[1000; 10]);
}

/// Class counts as in the literature.
#[test]
fn mnist_is_the_published_one() {
    let train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    let test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
    check("mnist", &[5, 0, 4, 1, 9], &[7, 2, 1, 0, 4], &train, &test);
}

/// The two sets' files have the same names: a folder of one must not pass for the other.
#[test]
fn one_set_does_not_pass_for_another() {
    let Some(fashion) = found("fashion-mnist") else { return };
    let locations = Locations { explicit: Some(fashion.folder.clone()), ..Locations::default() };
    assert_eq!(locations.find(fashion.known).unwrap().folder, fashion.folder);
    let error = locations.find(registry::find("mnist").unwrap()).unwrap_err();
    assert!(matches!(error, DataError::NotFound { .. }));
    assert!(error.to_string().contains("(holds fashion-mnist)"), "{error}");
}
