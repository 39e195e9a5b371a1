//! The data sets that Glocal knows by name: their files, where they are published, and how the true bytes hash.
//!
//! Hashes are of the *content*, after unpacking: packages and mirrors compress the same content differently, so the
//! hash of a `.gz` file would refuse good copies.

mod archives;

use std::path::Path;

use crate::{DataError, Split, folders::FolderError, hash};

pub use archives::{Archive, ArchivedDataset, archived, archived_datasets};

/// What a file of a data set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Images, IDX of rank 3: `[N, height, width]`.
    Images,
    /// Labels, IDX of rank 1: `[N]`.
    Labels,
}

/// One file of a known data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Name without `.gz`.
    pub name: &'static str,
    /// Which split it belongs to.
    pub split: Split,
    /// What it holds.
    pub part: Part,
    /// Bytes of the content, unpacked.
    pub content_bytes: u64,
    /// SHA-256 of the content, unpacked, in lower-case hexadecimal.
    pub content_sha256: &'static str,
}

/// A published data set of images in IDX files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDataset {
    /// Name in commands, configs and folders.
    pub name: &'static str,
    /// Name in tables and reports.
    pub title: &'static str,
    /// Licence of the data.
    pub licence: &'static str,
    /// Who made it, for the bibliography.
    pub reference: &'static str,
    /// What the classes show, by label.
    pub class_names: &'static [&'static str],
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Samples for training.
    pub train_samples: usize,
    /// Samples for testing.
    pub test_samples: usize,
    /// Addresses of folders that hold the files as `NAME.gz`, best first.
    pub mirrors: &'static [&'static str],
    /// Debian package that installs the set under `/usr/share/datasets/NAME`.
    pub debian_package: Option<&'static str>,
    /// The files: images and labels of both splits.
    pub files: [KnownFile; 4],
}

impl KnownDataset {
    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The file that holds `part` of `split`.
    pub fn file(&self, split: Split, part: Part) -> &KnownFile {
        &self.files[position(split, part)]
    }
}

/// Where a file stands in [`KnownDataset::files`], as `idx_files` below orders them.
pub(crate) fn position(split: Split, part: Part) -> usize {
    2 * (split as usize) + part as usize
}

impl KnownFile {
    /// Checks that the file `path`, plain or gzip, has the published content.
    ///
    /// # Errors
    /// [`DataError::WrongHash`] with both hashes; a file that cannot be read or is damaged.
    pub fn verify(&self, path: &Path) -> Result<(), DataError> {
        let found = hash::content_sha256(path, self.content_bytes)?;
        if found == self.content_sha256 {
            return Ok(());
        }
        Err(DataError::WrongHash { file: path.into(), url: None, expected: self.content_sha256.into(), found })
    }
}

/// All data sets known by name that [`fetch`](crate::fetch::fetch) brings, in alphabetical order.
pub fn known_datasets() -> &'static [KnownDataset] {
    &KNOWN
}

/// The data set called `name`.
///
/// # Errors
/// [`DataError::UnknownDataset`], with the names that exist; [`FolderError::ByHand`] for one of [`archived_datasets`],
/// with its page.
pub fn find(name: &str) -> Result<&'static KnownDataset, DataError> {
    if let Some(&ArchivedDataset { name, page, layout, .. }) = archived(name) {
        return Err(FolderError::ByHand { name, page, layout }.into());
    }
    let unknown =
        || DataError::UnknownDataset { name: name.into(), known: KNOWN.iter().map(|known| known.name).collect() };
    KNOWN.iter().find(|known| known.name == name).ok_or_else(unknown)
}

/// The four files of MNIST and of the sets made in its image: 60,000 + 10,000 images of 28x28.
const fn idx_files(sha256: [&'static str; 4]) -> [KnownFile; 4] {
    const fn file(
        name: &'static str,
        split: Split,
        part: Part,
        content_bytes: u64,
        content_sha256: &'static str,
    ) -> KnownFile {
        KnownFile { name, split, part, content_bytes, content_sha256 }
    }
    [
        file("train-images-idx3-ubyte", Split::Train, Part::Images, 16 + 60_000 * 28 * 28, sha256[0]),
        file("train-labels-idx1-ubyte", Split::Train, Part::Labels, 8 + 60_000, sha256[1]),
        file("t10k-images-idx3-ubyte", Split::Test, Part::Images, 16 + 10_000 * 28 * 28, sha256[2]),
        file("t10k-labels-idx1-ubyte", Split::Test, Part::Labels, 8 + 10_000, sha256[3]),
    ]
}

static KNOWN: [KnownDataset; 2] = [
    KnownDataset {
        name: "fashion-mnist",
        title: "Fashion-MNIST",
        licence: "MIT",
        reference: "H. Xiao, K. Rasul, R. Vollgraf (2017), arXiv:1708.07747",
        class_names: &[
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ],
        height: 28,
        width: 28,
        train_samples: 60_000,
        test_samples: 10_000,
        mirrors: &[
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
        ],
        debian_package: Some("dataset-fashion-mnist"),
        files: idx_files([
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ]),
    },
    KnownDataset {
        name: "mnist",
        title: "MNIST",
        licence: "CC BY-SA 3.0",
        reference: "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), doi:10.1109/5.726791",
        class_names: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        height: 28,
        width: 28,
        train_samples: 60_000,
        test_samples: 10_000,
        mirrors: &[
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
        ],
        debian_package: None,
        files: idx_files([
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ]),
    },
];
