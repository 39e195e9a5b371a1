//! Archives that are damaged, or made to do harm: an error that names file and entry.

use glocal_data::DataError;
use glocal_data::episodes::omniglot;
use glocal_data::folders::FolderError;
use proptest::prelude::*;

use super::{omniglot::drawings, png, zipped};
use crate::write;

const HALF: &str = "images_background";

/// What reading answers where the first archive holds these bytes.
fn answer(archive: &[u8]) -> DataError {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("images_background.zip"), archive);
    let error = omniglot(folder.path(), 4).unwrap_err();
    assert!(!error.hint().unwrap().is_empty());
    error
}

/// Likewise, with one more file in an archive that is good.
fn answer_with(name: &str, bytes: Vec<u8>) -> String {
    let mut files = drawings(HALF);
    files.push((name.to_owned(), bytes));
    answer(&zipped(&files)).to_string()
}

#[test]
fn what_does_not_belong_into_an_archive_is_named() {
    let drawing = png(6, 6, vec![9; 36]);
    let in_archive = |name: &str, bytes: Vec<u8>, says: &str| {
        let error = answer_with(&format!("{HALF}/{name}"), bytes);
        assert!(error.contains(&format!("images_background.zip/{HALF}/{name}: {says}")), "{error}");
    };
    in_archive("A/character01/2.png", drawing[..drawing.len() - 16].to_vec(), "not a readable picture");
    in_archive("A/character01/2.png", b"<html>".to_vec(), "not a readable picture");
    in_archive("A/character01/2.png", png(6, 5, vec![9; 30]), "5 x 6, but ");
    in_archive("A/character01/2.png", png(1025, 1, vec![9; 1025]), "not a readable picture");
    in_archive("A/2.png", drawing.clone(), "does not belong here");
    in_archive("A/B/C/2.png", drawing.clone(), "does not belong here");
    in_archive("A/character01/2.exe", drawing.clone(), "file of no known kind, among pictures");
    in_archive("A/character02/", Vec::new(), "a class without pictures");
    in_archive("C/", Vec::new(), "a class without pictures");
}

#[test]
fn names_that_lead_out_of_an_archive_are_refused() {
    let drawing = png(6, 6, vec![9; 36]);
    for name in ["../../../a/b/evil.png", "/etc/a/evil.png", "A/./evil.png", "A//evil.png", "A\\..\\evil.png"] {
        let error = answer_with(name, drawing.clone());
        let says = format!("images_background.zip: the name `{}` leads out of the archive", name.escape_debug());
        assert!(error.ends_with(&says), "{error}");
    }
}

/// 2 MB of zeros take 2 kB packed; and an entry may declare fewer bytes than come, or more.
#[test]
fn bombs_are_refused() {
    let bomb = zipped(&[(format!("{HALF}/A/B/1.png"), vec![0; 2_000_000])]);
    assert!(bomb.len() < 4000);
    let error = answer(&bomb).to_string();
    assert!(error.ends_with("A/B/1.png: 2000000 bytes or more, allowed are 1048576"), "{error}");
    let directory = bomb.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for declared in [100_u32, u32::MAX - 1] {
        let mut bomb = bomb.clone();
        bomb[directory + 24..directory + 28].copy_from_slice(&declared.to_le_bytes());
        let error = answer(&bomb);
        let refused = matches!(
            error,
            DataError::Folder(FolderError::EntryTooLarge { cap: 1_048_576, .. } | FolderError::Unpack { .. })
        );
        assert!(refused, "{error}");
    }
}

/// Many entries, each within its bound, are bounded together: 300 of 1 MB.
#[test]
fn many_small_bombs_are_refused() {
    // A picture, then what no decoder looks at.
    let mut picture = png(6, 6, vec![9; 36]);
    picture.resize(1_000_000, 0);
    let files: Vec<_> = (0..300).map(|n| (format!("{HALF}/A/B/{n}.png"), picture.clone())).collect();
    let error = answer(&zipped(&files));
    assert!(matches!(error, DataError::Folder(FolderError::EntryTooLarge { .. })), "{error}");
}

#[test]
fn archives_without_pictures_are_refused() {
    for files in [&[][..], &[(format!("{HALF}/"), Vec::new()), (format!("{HALF}/README.md"), b"none".to_vec())]] {
        let error = answer(&zipped(files));
        assert!(matches!(error, DataError::Folder(FolderError::NoClasses { .. })), "{error}");
    }
    for bytes in [&b""[..], b"<html>404: Not Found</html>", &[0x50; 1000]] {
        let error = answer(bytes);
        assert!(error.to_string().contains("images_background.zip: cannot be unpacked"), "{error}");
        assert!(error.hint().unwrap().contains("Download it again"));
    }
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("images_background.zip"), &zipped(&drawings(HALF)));
    let error = omniglot(folder.path(), 4).unwrap_err();
    assert!(error.to_string().ends_with("neither images_evaluation.zip nor a folder images_evaluation"), "{error}");
    assert!(error.hint().unwrap().contains("put images_evaluation.zip there"));
    let error = omniglot(folder.path(), 0).unwrap_err();
    assert!(matches!(error, DataError::Parameter { what: "side of the pictures", .. }), "{error}");
}

/// A directory of more files than any set of characters has.
#[test]
fn too_many_entries_are_refused_before_they_are_read() {
    let error = answer(&b"PK\x01\x02".repeat(70_000));
    assert!(matches!(error, DataError::Folder(FolderError::TooMany { most: 65_536, .. })), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Any byte may be another, or all missing from there on.
    #[test]
    fn damage_is_an_error_or_harmless(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut archive = zipped(&drawings(HALF));
        let place = place.index(archive.len());
        if cut { archive.truncate(place) } else { archive[place] = byte }
        answer(&archive);
    }
}
