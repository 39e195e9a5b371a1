//! Data sets that are published as archives of many files, which Glocal reads but does not download: no checksum of
//! their content that we could verify is published for each file, and some must be asked for on a page.

/// An archive of a published data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Name of the file.
    pub name: &'static str,
    /// Its address, if it has one of its own.
    pub url: Option<&'static str>,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// SHA-256 of the archive, where it is known.
    pub sha256: Option<&'static str>,
    /// MD5 of the archive, where only that is known: against damage, not against malice.
    pub md5: Option<&'static str>,
}

/// A data set that is published as archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchivedDataset {
    /// Name in commands, configs and folders.
    pub name: &'static str,
    /// Name in tables and reports.
    pub title: &'static str,
    /// Licence of the data.
    pub licence: &'static str,
    /// Who made it, for the bibliography.
    pub reference: &'static str,
    /// Where it is published.
    pub page: &'static str,
    /// Its archives.
    pub archives: &'static [Archive],
    /// Samples for training, or all where there are no published halves.
    pub train_samples: usize,
    /// Samples for testing; 0 where there are no published halves.
    pub test_samples: usize,
    /// Number of classes.
    pub classes: usize,
    /// Files or folders by any of which the unpacked set is known.
    pub markers: &'static [&'static str],
    /// How its folder looks, unpacked.
    pub layout: &'static str,
}

/// All archived data sets, in alphabetical order.
pub fn archived_datasets() -> &'static [ArchivedDataset] {
    &ARCHIVED
}

/// The archived data set called `name`, if there is one.
pub fn archived(name: &str) -> Option<&'static ArchivedDataset> {
    ARCHIVED.iter().find(|set| set.name == name)
}

const fn md5(name: &'static str, url: Option<&'static str>, md5: &'static str) -> Archive {
    Archive { name, url, bytes: None, sha256: None, md5: Some(md5) }
}

static ARCHIVED: [ArchivedDataset; 6] = [
    ArchivedDataset {
        name: crate::cifar::NAME,
        title: "CIFAR-10",
        licence: "none stated",
        reference: "A. Krizhevsky (2009), Learning multiple layers of features from tiny images",
        page: "https://www.cs.toronto.edu/~kriz/cifar.html",
        archives: &[Archive {
            name: "cifar-10-binary.tar.gz",
            url: Some("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
            bytes: Some(170_052_171),
            sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
            md5: Some("c32a1d4ab5d03f1284b67883e8d87530"),
        }],
        train_samples: 50_000,
        test_samples: 10_000,
        classes: 10,
        markers: &["cifar-10-batches-bin", "data_batch_1.bin"],
        layout: "cifar-10-batches-bin/data_batch_1.bin to data_batch_5.bin and test_batch.bin",
    },
    ArchivedDataset {
        name: "cifar10-dvs",
        title: "CIFAR10-DVS",
        licence: "see its page",
        reference: "H. Li, H. Liu, X. Ji, G. Li, L. Shi (2017), doi:10.3389/fnins.2017.00309",
        page: "https://figshare.com/articles/dataset/CIFAR10-DVS_New/4724671",
        archives: &[
            md5(
                "airplane.zip",
                Some("https://ndownloader.figshare.com/files/7712788"),
                "0afd5c4bf9ae06af762a77b180354fdd",
            ),
            md5(
                "automobile.zip",
                Some("https://ndownloader.figshare.com/files/7712791"),
                "8438dfeba3bc970c94962d995b1b9bdd",
            ),
            md5("bird.zip", Some("https://ndownloader.figshare.com/files/7712794"), "a9c207c91c55b9dc2002dc21c684d785"),
            md5("cat.zip", Some("https://ndownloader.figshare.com/files/7712812"), "52c63c677c2b15fa5146a8daf4d56687"),
            md5("deer.zip", Some("https://ndownloader.figshare.com/files/7712815"), "b6bf21f6c04d21ba4e23fc3e36c8a4a3"),
            md5("dog.zip", Some("https://ndownloader.figshare.com/files/7712818"), "f379ebdf6703d16e0a690782e62639c3"),
            md5("frog.zip", Some("https://ndownloader.figshare.com/files/7712842"), "cad6ed91214b1c7388a5f6ee56d08803"),
            md5(
                "horse.zip",
                Some("https://ndownloader.figshare.com/files/7712851"),
                "e7cbbf77bec584ffbf913f00e682782a",
            ),
            md5("ship.zip", Some("https://ndownloader.figshare.com/files/7712836"), "41c7bd7d6b251be82557c6cce9a7d5c9"),
            md5(
                "truck.zip",
                Some("https://ndownloader.figshare.com/files/7712839"),
                "89f3922fd147d9aeff89e76a2b0b70a7",
            ),
        ],
        train_samples: 10_000,
        test_samples: 0,
        classes: 10,
        markers: &["airplane"],
        layout: "airplane/cifar10_airplane_0.aedat and so on, a folder for each of the ten classes",
    },
    ArchivedDataset {
        name: "dvs128-gesture",
        title: "DVS128 Gesture",
        licence: "CC BY 4.0",
        reference: "A. Amir et al. (2017), doi:10.1109/CVPR.2017.781",
        page: "https://ibm.ent.box.com/s/3hiq58ww1pbbjrinh367ykfdf60xsfm8/folder/50167556794",
        archives: &[md5("DvsGesture.tar.gz", None, "8a5c71fb11e24e5ca5b11866ca6c00a1")],
        train_samples: 1_176,
        test_samples: 288,
        classes: 11,
        markers: &["trials_to_train.txt"],
        layout: "trials_to_train.txt, trials_to_test.txt, user01_led.aedat, user01_led_labels.csv and so on",
    },
    ArchivedDataset {
        name: "n-mnist",
        title: "N-MNIST",
        licence: "CC BY-SA 4.0",
        reference: "G. Orchard, A. Jayawant, G. Cohen, N. Thakor (2015), doi:10.3389/fnins.2015.00437",
        page: "https://www.garrickorchard.com/datasets/n-mnist",
        archives: &[
            md5("Train.zip", None, "20959b8e626244a1b502305a9e6e2031"),
            md5("Test.zip", None, "69ca8762b2fe404d9b9bad1103e97832"),
        ],
        train_samples: 60_000,
        test_samples: 10_000,
        classes: 10,
        markers: &["Train"],
        layout: "Train/0/00002.bin and so on, and Test likewise",
    },
    ArchivedDataset {
        name: "n-omniglot",
        title: "N-Omniglot",
        licence: "see its page",
        reference: "Y. Li, Y. Dong, D. Zhao, Y. Zeng (2022), doi:10.1038/s41597-022-01851-z",
        page: "https://doi.org/10.6084/m9.figshare.16821427",
        archives: &[],
        train_samples: 19_280,
        test_samples: 13_180,
        classes: 1_623,
        markers: &["dvs_evaluation"],
        layout: "dvs_background/ALPHABET/CHARACTER/*.aedat4 and *.csv, and dvs_evaluation likewise",
    },
    ArchivedDataset {
        name: crate::episodes::OMNIGLOT,
        title: "Omniglot",
        licence: "MIT",
        reference: "B. Lake, R. Salakhutdinov, J. Tenenbaum (2015), doi:10.1126/science.aab3050",
        page: "https://github.com/brendenlake/omniglot/tree/master/python",
        // MD5 as torchvision checks the downloads by; packed anew, the same drawings have another.
        archives: &[
            md5(
                "images_background.zip",
                Some("https://raw.githubusercontent.com/brendenlake/omniglot/master/python/images_background.zip"),
                "68d2efa1b9178cc56df9314c21c6e718",
            ),
            md5(
                "images_evaluation.zip",
                Some("https://raw.githubusercontent.com/brendenlake/omniglot/master/python/images_evaluation.zip"),
                "6b91aef0f799c5bb55b94e3f2daec811",
            ),
        ],
        train_samples: 19_280,
        test_samples: 13_180,
        classes: 1_623,
        markers: &["images_background.zip", "images_background"],
        layout: "images_background.zip and images_evaluation.zip, packed or unpacked",
    },
];
