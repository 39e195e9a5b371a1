//! Oracle: a server on this machine whose misbehaviour is known.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use glocal_data::{
    DataError, FetchOptions, Fetched, KnownDataset, Progress, fetch,
    hash::hex,
    registry::{self, KnownFile},
};
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};

use crate::{
    gzip, idx_bytes,
    server::{Answer, Asked, Server},
};

/// Bytes that do not compress, so that a download can be cut in its midst.
fn content(file: &str) -> Vec<u8> {
    let mut state = file.len() as u32 + 7;
    let data: Vec<u8> = (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    idx_bytes(&[data.len() as u32], &data)
}

fn packed(asked: &Asked) -> Vec<u8> {
    gzip(&content(asked.file.trim_end_matches(".gz")))
}

/// MNIST's description with files of our own.
fn tiny() -> KnownDataset {
    let mnist = registry::find("mnist").unwrap();
    let files = mnist.files.map(|file| {
        let content = content(file.name);
        let hash = Box::leak(hex(&Sha256::digest(&content)).into_boxed_str());
        KnownFile { content_bytes: content.len() as u64, content_sha256: hash, ..file }
    });
    KnownDataset { name: "tiny", files, ..*mnist }
}

struct Case {
    folder: TempDir,
    options: FetchOptions,
    reports: Vec<(String, u64, Option<u64>)>,
}

impl Case {
    fn new(servers: &[&Server]) -> Self {
        let mirrors = servers.iter().map(|server| server.address.clone()).collect();
        let options = FetchOptions { mirrors, retries: 0, timeout: Duration::from_secs(5) };
        Case { folder: tempdir().unwrap(), options, reports: Vec::new() }
    }

    fn fetch(&mut self) -> Result<Vec<Fetched>, DataError> {
        let mut report = |p: Progress<'_>| self.reports.push((p.file.to_owned(), p.have, p.total));
        fetch(&tiny(), self.folder.path(), &self.options, &mut report)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The first file to be fetched, and where it lies until it is whole.
    fn first(&self) -> (PathBuf, PathBuf) {
        (self.path("train-images-idx3-ubyte.gz"), self.path("train-images-idx3-ubyte.gz.part"))
    }

    fn assert_complete(&self) {
        for file in &tiny().files {
            file.verify(&self.path(&format!("{}.gz", file.name))).unwrap();
        }
        assert!(names(self.folder.path()).iter().all(|name| !name.ends_with(".part")));
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_good_server_is_asked_once_for_each_file() {
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    let mut case = Case::new(&[&server]);
    let fetched = case.fetch().unwrap();
    case.assert_complete();
    assert!(fetched.iter().all(|f| matches!(f, Fetched::Downloaded(_))));
    let size = fs::metadata(case.first().0).unwrap().len();
    let first: Vec<_> = case.reports.iter().filter(|(file, ..)| file == "train-images-idx3-ubyte").collect();
    assert!(first.is_sorted_by_key(|(_, have, _)| have));
    assert_eq!((first[0].1, first[first.len() - 1].1, first[0].2), (0, size, Some(size)));
    // A second time there is nothing to do.
    assert!(case.fetch().unwrap().iter().all(|f| matches!(f, Fetched::Present(_))));
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn wrong_content_is_removed_and_what_was_there_stays() {
    let server = Server::start(|_, _| Answer::File(gzip(b"something else")));
    let mut case = Case::new(&[&server]);
    let (path, part) = case.first();
    fs::write(&path, b"older").unwrap();
    let error = case.fetch().unwrap_err();
    assert!(matches!(error, DataError::WrongHash { url: Some(_), .. }), "{error}");
    assert!(error.hint().unwrap().contains("mirror"));
    assert_eq!(fs::read(&path).unwrap(), b"older");
    assert!(!part.exists());
}

#[test]
fn damaged_gzip_is_wrong_content() {
    let server = Server::start(|asked, _| {
        let mut bytes = packed(asked);
        let middle = bytes.len() / 2;
        bytes[middle..middle + 100].fill(0xff);
        Answer::File(bytes)
    });
    let mut case = Case::new(&[&server]);
    assert!(matches!(case.fetch(), Err(DataError::WrongHash { .. })));
    assert!(!case.first().1.exists());
}

/// A bomb within the size that a file may have: what it unpacks to is read no further than the true content's size.
#[test]
fn a_gzip_bomb_is_wrong_content() {
    let server = Server::start(|_, _| Answer::File(gzip(&vec![0; 40_000_000])));
    assert!(matches!(Case::new(&[&server]).fetch(), Err(DataError::WrongHash { .. })));
}

#[test]
fn a_cut_connection_is_opened_again_where_it_was_cut() {
    let server = Server::start(|asked, _| Answer::Cut { bytes: packed(asked), sent: 90_000 });
    let mut case = Case::new(&[&server]);
    case.options.retries = 3;
    case.fetch().unwrap();
    case.assert_complete();
    let starts: Vec<_> = server.asked().iter().take(3).map(|asked| asked.from).collect();
    assert_eq!(starts, [None, Some(90_000), Some(180_000)]);
}

#[test]
fn what_came_before_a_cut_is_kept_for_the_next_call() {
    let server = Server::start(|asked, before| match before {
        0 => Answer::Cut { bytes: packed(asked), sent: 70_000 },
        _ => Answer::File(packed(asked)),
    });
    let mut case = Case::new(&[&server]);
    let error = case.fetch().unwrap_err();
    assert!(matches!(error, DataError::Interrupted { have: 70_000, expected: Some(_), .. }), "{error}");
    assert!(error.hint().unwrap().contains("again"));
    assert_eq!(fs::metadata(case.first().1).unwrap().len(), 70_000);
    case.fetch().unwrap();
    case.assert_complete();
    assert_eq!(server.asked()[1].from, Some(70_000));
}

#[test]
fn shorter_ranges_than_asked_for_are_put_together() {
    let server = Server::start(|asked, _| match asked.from {
        None => Answer::Cut { bytes: packed(asked), sent: 70_000 },
        Some(_) => Answer::Shorter { bytes: packed(asked), sent: 50_000 },
    });
    let mut case = Case::new(&[&server]);
    case.options.retries = 3;
    case.fetch().unwrap();
    case.assert_complete();
}

#[test]
fn a_damaged_file_under_its_final_name_is_replaced() {
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    let mut case = Case::new(&[&server]);
    fs::write(case.first().0, b"damaged").unwrap();
    case.fetch().unwrap();
    case.assert_complete();
}

#[test]
fn a_server_without_ranges_starts_anew() {
    let server = Server::start(|asked, before| match before {
        0 => Answer::Cut { bytes: packed(asked), sent: 70_000 },
        _ => Answer::Whole(packed(asked)),
    });
    let mut case = Case::new(&[&server]);
    case.options.retries = 1;
    case.fetch().unwrap();
    case.assert_complete();
}

#[test]
fn a_server_without_lengths_does() {
    let server = Server::start(|asked, _| Answer::Unmeasured(packed(asked)));
    let mut case = Case::new(&[&server]);
    case.fetch().unwrap();
    case.assert_complete();
}

#[test]
fn a_part_of_something_else_is_given_up() {
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    for garbage in [1000, 1_000_000] {
        let mut case = Case::new(&[&server]);
        // The longer one is answered with status 416.
        fs::write(case.first().1, vec![7; garbage]).unwrap();
        case.fetch().unwrap();
        case.assert_complete();
    }
}

#[test]
fn a_part_that_is_whole_is_not_fetched_again() {
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    let mut case = Case::new(&[&server]);
    let name = "train-images-idx3-ubyte";
    fs::write(case.first().1, gzip(&content(name))).unwrap();
    case.fetch().unwrap();
    case.assert_complete();
    assert!(server.asked().iter().all(|asked| !asked.file.starts_with(name)));
}

#[test]
fn a_wrong_range_is_refused() {
    let server = Server::start(|asked, before| match before {
        0 => Answer::Cut { bytes: packed(asked), sent: 70_000 },
        _ => Answer::WrongRange(packed(asked)),
    });
    let mut case = Case::new(&[&server]);
    case.options.retries = 1;
    let error = case.fetch().unwrap_err();
    assert!(error.to_string().contains("asked for the bytes from 70000, the server sends those from 1"), "{error}");
}

#[test]
fn a_missing_file_is_looked_for_at_the_next_mirror() {
    let bad = Server::start(|_, _| Answer::Status(404));
    let error = Case::new(&[&bad]).fetch().unwrap_err();
    assert!(matches!(error, DataError::HttpStatus { status: 404, .. }), "{error}");
    let good = Server::start(|asked, _| Answer::File(packed(asked)));
    let mut case = Case::new(&[&bad, &good]);
    case.fetch().unwrap();
    case.assert_complete();
}

#[test]
fn a_file_larger_than_the_true_one_can_be_is_not_taken() {
    let measured = Server::start(|_, _| Answer::File(vec![0; 1_000_000]));
    let unmeasured = Server::start(|_, _| Answer::Unmeasured(vec![0; 1_000_000]));
    for server in [&measured, &unmeasured] {
        let mut case = Case::new(&[server]);
        let error = case.fetch().unwrap_err();
        assert!(matches!(error, DataError::WrongSize { .. }), "{error}");
        assert!(!case.first().1.exists(), "what is no part of the file is not kept");
    }
}

#[test]
fn a_silent_server_is_given_up() {
    let server = Server::start(|_, _| Answer::Silence { promised: 1000, wait: Duration::from_secs(3) });
    let mut case = Case::new(&[&server]);
    case.options.timeout = Duration::from_millis(300);
    let error = case.fetch().unwrap_err();
    assert!(matches!(error, DataError::Interrupted { have: 0, expected: Some(1000), .. }), "{error}");
}

#[test]
fn nobody_at_the_address_is_a_failed_connection() {
    let mut case = Case::new(&[]);
    // Port 1 is reserved and free.
    case.options.mirrors = vec!["http://127.0.0.1:1".into()];
    let error = case.fetch().unwrap_err();
    assert!(matches!(error, DataError::Connection { .. }), "{error}");
}

/// `/dev/full` takes no byte: "no space left on device".
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    let mut case = Case::new(&[&server]);
    let (path, part) = case.first();
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let error = case.fetch().unwrap_err();
    assert!(matches!(error, DataError::NoSpace { have: 0, expected: Some(_), .. }), "{error}");
    assert!(error.to_string().starts_with("no space left for "), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    let folder = tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, b"").unwrap();
    let error = fetch(&tiny(), &file.join("tiny"), &Case::new(&[&server]).options, &mut |_| ()).unwrap_err();
    assert!(matches!(error, DataError::Io { action: "create", .. }), "{error}");
    assert_eq!(server.asked(), []);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    let mut case = Case::new(&[&server]);
    fs::set_permissions(case.folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(case.path("probe"), b"").is_ok() {
        eprintln!("SKIPPED: this user may write everywhere");
        return;
    }
    let error = case.fetch().unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "{error}");
    assert!(error.hint().unwrap().contains("permissions"));
}

#[test]
fn two_downloads_do_not_meet() {
    let server = Server::start(|asked, _| Answer::File(packed(asked)));
    let mut case = Case::new(&[&server]);
    let lock = fs::File::create(case.path(".fetch.lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(case.fetch(), Err(DataError::Busy { .. })));
    drop(lock);
    case.fetch().unwrap();
}
