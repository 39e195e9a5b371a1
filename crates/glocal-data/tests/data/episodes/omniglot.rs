//! Oracles: the published characters where this machine has them, and drawings written here.

use std::path::Path;

use glocal_data::episodes::{OMNIGLOT, Omniglot, PictureClasses, alphabet, omniglot};
use glocal_data::{DataError, Locations, folders::FolderError, hash::hex, registry};
use sha2::{Digest, Sha256};

use super::{png, zipped};
use crate::write;

/// Omniglot as published, or a line that says that the test did nothing.
pub fn published(side: usize) -> Option<Omniglot> {
    let found = Locations::of_this_machine(None).find_archived(registry::archived(OMNIGLOT).unwrap());
    let folder = found.inspect_err(|error| eprintln!("SKIPPED: {error}")).ok()?;
    Some(omniglot(&folder, side).unwrap())
}

fn alphabets(set: &PictureClasses) -> Vec<&str> {
    let mut names: Vec<&str> = set.classes().iter().map(|class| class.name.split('/').next().unwrap()).collect();
    names.dedup();
    names
}

/// Sum of the levels, and SHA-256 of all, of a class's pictures.
fn figures(set: &PictureClasses, name: &str) -> (u64, String) {
    let class = set.classes().iter().find(|class| class.name == name).unwrap();
    let levels: Vec<u8> = class.pictures.clone().flat_map(|number| set.picture(number).to_vec()).collect();
    (levels.iter().map(|&level| u64::from(level)).sum(), hex(&Sha256::digest(&levels)))
}

/// Figures of two characters by a program of its own, in Python: PNG's lines without their filters, 255 minus the
/// level, and the sum over rows i and columns j of overlap(r, i)·overlap(c, j)·level(i, j), over n², rounded.
#[test]
fn published_characters_are_all_there() {
    let expected = [
        (28, 193_974, "3cebe54cfecec8b961fb38bf28a8cf166199e0ca215b763195a5ea1cf29f5988", 349_831),
        (31, 237_784, "cf3c44eed2cbb8f72d924cbd0a44fd3233ec0eb331f454e4149b0d4bd927b220", 428_814),
    ];
    for (side, korean, hash, tibetan) in expected {
        let Some(Omniglot { background, evaluation }) = published(side) else { return };
        assert_eq!((background.classes().len(), evaluation.classes().len()), (964, 659));
        assert_eq!((alphabets(&background).len(), alphabets(&evaluation).len()), (30, 20));
        let classes = background.classes().iter().chain(evaluation.classes());
        assert!(classes.clone().all(|class| class.pictures.len() == 20));
        assert_eq!(background.classes()[0].name, "Alphabet_of_the_Magi/character01");
        assert_eq!(figures(&background, "Korean/character01"), (korean, hash.to_owned()));
        assert_eq!(figures(&evaluation, "Tibetan/character29").0, tibetan);
        let last = evaluation.picture(13_179).to_vec();
        let pool = Omniglot { background, evaluation }.joined().unwrap();
        assert_eq!(pool.to_string(), format!("omniglot: 32460 pictures of {side}x{side} in 1623 classes"));
        assert_eq!((pool.test_classes(), pool.picture(32_459)), (964..1623, &last[..]));
        assert_eq!(pool.classes()[1622].pictures, 32_440..32_460);
    }
}

/// Drawings of 6 x 6, dark on light, of two alphabets; in no order, with what archives hold besides.
pub fn drawings(half: &str) -> Vec<(String, Vec<u8>)> {
    let names = ["B/character10/3_01", "B/character2/2_02", "B/character2/2_01", "A/character01/1_01"];
    let drawing = |(level, name): (u8, &str)| (format!("{half}/{name}.png"), png(6, 6, vec![level; 36]));
    let mut files: Vec<_> = (1..).zip(names).map(drawing).collect();
    for folder in ["", "A/", "A/character01/", "__MACOSX/", ".git/"] {
        files.push((format!("{half}/{folder}"), Vec::new()));
    }
    for ignored in ["__MACOSX/B/._x.png", "A/.DS_Store", "README.txt", "A/character01/notes.md"] {
        files.push((format!("{half}/{ignored}"), b"no picture".to_vec()));
    }
    files
}

fn check(folder: &Path) {
    let Omniglot { background, evaluation } = omniglot(folder, 4).unwrap();
    for (set, name) in [(&background, "images_background"), (&evaluation, "images_evaluation")] {
        let classes: Vec<_> = set.classes().iter().map(|class| (&class.name[..], class.pictures.clone())).collect();
        assert_eq!(classes, [("A/character01", 0..1), ("B/character2", 1..3), ("B/character10", 3..4)]);
        assert_eq!((0..4).map(|n| set.picture(n)[15]).collect::<Vec<_>>(), [251, 252, 253, 254]);
        assert_eq!(set.to_string(), format!("{name}: 4 pictures of 4x4 in 3 classes"));
    }
}

#[test]
fn archives_and_folders_hold_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for half in ["images_background", "images_evaluation"] {
        write(&folder.path().join(format!("{half}.zip")), &zipped(&drawings(half)));
    }
    check(folder.path());
    for half in ["images_background", "images_evaluation"] {
        std::fs::remove_file(folder.path().join(format!("{half}.zip"))).unwrap();
        let unpacked = drawings(half).into_iter().filter(|(name, _)| !name.ends_with('/'));
        unpacked.for_each(|(name, bytes)| write(&folder.path().join(name), &bytes));
        check(folder.path());
    }
}

/// Two characters of an alphabet that is in the second half alone, seven drawings each: two to learn from, five to test with.
#[test]
fn an_alphabet_is_a_set_of_images() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("images_background.zip"), &zipped(&drawings("images_background")));
    let names = ["C/character2/0002", "C/character1/0001"].map(|stem| (1..8).map(move |n| format!("{stem}_0{n}")));
    let drawing = |(level, name): (u8, String)| (format!("{name}.png"), png(6, 6, vec![level; 36]));
    let files: Vec<_> = (1..).zip(names.into_iter().flatten()).map(drawing).collect();
    write(&folder.path().join("images_evaluation.zip"), &zipped(&files));
    let [train, test] = alphabet(folder.path(), "C", 2).unwrap();
    assert_eq!((train.name(), train.classes(), train.inputs()), ("omniglot:C", 2, 4));
    let levels = |first: &[u8]| first.iter().flat_map(|level| [255 - level; 4]).collect::<Vec<u8>>();
    assert_eq!((train.labels(), train.pixels()), (&[0, 0, 1, 1][..], &levels(&[8, 9, 1, 2])[..]));
    assert_eq!(test.labels(), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    assert_eq!(test.pixels(), levels(&[10, 11, 12, 13, 14, 3, 4, 5, 6, 7]));
    let error = alphabet(folder.path(), "D", 2).unwrap_err();
    let DataError::Folder(FolderError::NoAlphabet { known, .. }) = error else { panic!("{error}") };
    assert_eq!(known, ["A", "B", "C"]);
    // One drawing of each character: nothing to learn from.
    assert!(alphabet(folder.path(), "A", 2).is_err());
    let Some(_) = published(28) else { return };
    let found = Locations::of_this_machine(None).find_archived(registry::archived(OMNIGLOT).unwrap()).unwrap();
    let [train, test] = alphabet(&found, "Latin", 28).unwrap();
    assert_eq!((train.classes(), train.len(), test.len()), (26, 390, 130));
}

#[test]
fn halves_of_two_sizes_make_no_pool() {
    let folder = tempfile::tempdir().unwrap();
    for half in ["images_background", "images_evaluation"] {
        write(&folder.path().join(format!("{half}.zip")), &zipped(&drawings(half)));
    }
    let [small, large] = [3, 4].map(|side| omniglot(folder.path(), side).unwrap());
    let error = Omniglot { background: small.background, evaluation: large.evaluation }.joined().unwrap_err();
    assert!(error.to_string().contains("expected 3 x 3, found 4 x 4"), "{error}");
}
