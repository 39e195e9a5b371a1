//! The samples of a run: images or recordings of an event camera, which of them it learns from, which choose the model,
//! which judge it; and batches of them as a network's input.

mod damage;
mod episodes;
mod frames;
mod run;

use std::fs::File;
use std::path::Path;

use glocal_data::episodes::{
    Ink, OMNIGLOT, PictureClass, PictureClasses, PictureOptions, alphabet, class_pictures, omniglot,
};
use glocal_data::events::{ReadOptions, gesture, read_recording};
use glocal_data::folders::{LabelledSpan, cifar10_dvs, class_folders, dvs128_gesture, n_mnist, picture_folders};
use glocal_data::registry::{archived, archived_datasets};
use glocal_data::{
    DataError, EventDataset, ImageDataset, Locations, Recording, Split, cifar, embedded, load, load_folder, registry,
};
use tracing::info_span;

use crate::config::RunConfig;
use crate::config::problem::nearest;
use crate::error::GlocalError;

pub use damage::Damage;
pub use run::{Feed, Part, Picture, RunSamples, core_shape};

/// Both splits of a data set, train and test.
#[derive(Clone, Debug)]
pub enum Samples {
    /// Images, in memory.
    Images([ImageDataset; 2]),
    /// Recordings, on disk.
    Recordings([EventDataset; 2]),
    /// Pictures of many classes, to draw episodes from.
    Classes(PictureClasses),
}

/// Data sets of one's own: how configs name their folders, and what lies in them.
const OWN: [(&str, &str); 4] = [
    ("idx:", "IDX files named as MNIST's"),
    ("pictures:", "train and test, each with a folder of PNG or JPEG pictures for each class"),
    ("recordings:", "train and test, each with a folder of event recordings for each class"),
    (CLASSES, "a folder of PNG or JPEG pictures for each class, to draw episodes from"),
];

/// How configs name a folder to draw episodes from.
const CLASSES: &str = "classes:";

/// How configs name an alphabet of Omniglot, to classify its characters.
pub(crate) const ALPHABET: &str = "omniglot:";

/// Rows and columns that an alphabet's drawings are scaled to: those of MNIST.
const ALPHABET_SIDE: usize = 28;

/// Test recordings of each class of CIFAR10-DVS, which has no published halves.
const CIFAR10_DVS_TEST: usize = 100;

impl Samples {
    /// Opens what a run learns from.
    ///
    /// # Errors
    /// As [`Samples::load`] and [`Samples::load_classes`].
    pub fn of(config: &RunConfig, locations: &Locations) -> Result<Samples, GlocalError> {
        let _span = info_span!("load", dataset = %config.data.dataset).entered();
        match &config.episodes {
            Some(episodes) => Self::load_classes(&config.data.dataset, episodes.side, locations),
            None => Self::load(&config.data.dataset, locations),
        }
    }

    /// Opens pictures by class, scaled to `side`: Omniglot, or class folders of one's own.
    ///
    /// # Errors
    /// A data set that is not one of pictures by class, or is nowhere; damaged files.
    pub fn load_classes(name: &str, side: usize, locations: &Locations) -> Result<Samples, GlocalError> {
        if let Some(folder) = name.strip_prefix(CLASSES) {
            let options = PictureOptions { side: Some(side), ink: Ink::Auto };
            return Ok(Samples::Classes(class_pictures(Path::new(folder), options)?));
        }
        match archived(name) {
            Some(set) if name == OMNIGLOT => {
                Ok(Samples::Classes(omniglot(&locations.find_archived(set)?, side)?.joined()?))
            }
            _ => Err(GlocalError::Usage {
                message: format!("`{name}` is no set to draw episodes from"),
                hint: format!("use `{OMNIGLOT}`, or `{CLASSES}FOLDER`: a folder of pictures for each class"),
            }),
        }
    }

    /// Opens a data set that is built in or on this machine; downloads nothing.
    ///
    /// # Errors
    /// An unknown name, a set that is nowhere, or damaged files.
    pub fn load(name: &str, locations: &Locations) -> Result<Samples, GlocalError> {
        if name == embedded::FASHION_MNIST_SUBSET {
            return Ok(Samples::Images([
                embedded::fashion_mnist(Split::Train)?,
                embedded::fashion_mnist(Split::Test)?,
            ]));
        }
        if let Some(own) = Self::own(name)? {
            return Ok(own);
        }
        if let Some(wanted) = name.strip_prefix(ALPHABET) {
            let set = archived(OMNIGLOT).expect("the registry has it");
            return Ok(Samples::Images(alphabet(&locations.find_archived(set)?, wanted, ALPHABET_SIDE)?));
        }
        if let Some(hint) = unknown_dataset_hint(name) {
            return Err(GlocalError::Usage { message: format!("unknown data set `{name}`"), hint });
        }
        match archived(name) {
            Some(set) => Self::archived(name, &locations.find_archived(set)?),
            None => {
                let found = locations.find(registry::find(name)?)?;
                Ok(Samples::Images([load(&found, Split::Train)?, load(&found, Split::Test)?]))
            }
        }
    }

    /// A folder that the name gives.
    fn own(name: &str) -> Result<Option<Samples>, GlocalError> {
        let Some((prefix, folder)) = OWN.iter().find_map(|(p, _)| Some((*p, Path::new(name.strip_prefix(p)?)))) else {
            return Ok(None);
        };
        Ok(Some(match prefix {
            "idx:" => Samples::Images(load_folder(name, folder)?),
            "pictures:" => Samples::Images(picture_folders(name, folder)?),
            CLASSES => return Err(only_for_episodes(name)),
            _ => {
                let half =
                    |split, inner: &str| Ok::<_, DataError>(class_folders(name, &folder.join(inner))?.of_split(split));
                Samples::Recordings([half(Split::Train, "train")?, half(Split::Test, "test")?])
            }
        }))
    }

    /// A published set whose archive was unpacked.
    fn archived(name: &str, folder: &Path) -> Result<Samples, GlocalError> {
        let both = |of: &dyn Fn(Split) -> Result<EventDataset, DataError>| {
            Ok::<_, DataError>(Samples::Recordings([of(Split::Train)?, of(Split::Test)?]))
        };
        Ok(match name {
            "cifar-10" => Samples::Images([cifar::load(folder, Split::Train)?, cifar::load(folder, Split::Test)?]),
            "n-mnist" => both(&|split| n_mnist(folder, split))?,
            "cifar10-dvs" => Samples::Recordings(cifar10_dvs(folder)?.train_test(CIFAR10_DVS_TEST)?),
            "dvs128-gesture" => both(&|split| dvs128_gesture(folder, split, gesture_labels))?,
            _ => return Err(only_for_episodes(name)),
        })
    }

    /// Samples of a split.
    pub fn len(&self, split: Split) -> usize {
        match self {
            Samples::Images(sets) => sets[index(split)].len(),
            Samples::Recordings(sets) => sets[index(split)].len(),
            Samples::Classes(_) => self.per_class(split).iter().sum(),
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        match self {
            Samples::Images([train, test]) => train.classes().max(test.classes()),
            Samples::Recordings([train, _]) => train.class_names().len(),
            Samples::Classes(pool) => pool.classes().len(),
        }
    }

    /// `images`, `recordings` or `pictures`.
    pub fn kind(&self) -> &'static str {
        match self {
            Samples::Images(_) => "images",
            Samples::Recordings(_) => "recordings",
            Samples::Classes(_) => "pictures",
        }
    }

    /// Size of a sample, to follow other words; nothing where it is not known before reading.
    pub fn size_in_words(&self) -> String {
        match self {
            Samples::Images([train, _]) => {
                let colour = if train.shape().channels == 3 { "colour" } else { "grey" };
                format!(", {} x {} {colour} pixels", train.height(), train.width())
            }
            Samples::Recordings([train, _]) => {
                train.sensor().map_or_else(String::new, |s| format!(", {} x {} pixels", s.height, s.width))
            }
            Samples::Classes(pool) => format!(", scaled to {} pixels", pool.shape()),
        }
    }

    /// Samples of each class.
    pub fn per_class(&self, split: Split) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        let mut count = |label: usize| counts.iter_mut().skip(label).take(1).for_each(|n| *n += 1);
        match self {
            Samples::Images(sets) => sets[index(split)].labels().iter().for_each(|&label| count(usize::from(label))),
            Samples::Recordings(sets) => {
                sets[index(split)].samples().iter().for_each(|sample| count(sample.label as usize))
            }
            Samples::Classes(pool) => {
                let tests = pool.test_classes();
                let of_split = |class: usize| tests.contains(&class) == (split == Split::Test);
                let pictures = |(class, c): (usize, &PictureClass)| if of_split(class) { c.pictures.len() } else { 0 };
                counts = pool.classes().iter().enumerate().map(pictures).collect();
            }
        }
        counts
    }

    /// What the classes show; numbers where no names are known.
    pub fn class_names(&self) -> Vec<String> {
        let known: Vec<String> = match self {
            Samples::Recordings([train, _]) => train.class_names().to_vec(),
            Samples::Classes(pool) => pool.classes().iter().map(|class| class.name.clone()).collect(),
            Samples::Images([train, _]) => {
                let set = match train.name() {
                    embedded::FASHION_MNIST_SUBSET => embedded::origin(),
                    name => registry::find(name),
                };
                match (set, train.name()) {
                    (Ok(known), _) => known.class_names.iter().map(|&name| name.to_owned()).collect(),
                    (Err(_), "cifar-10") => cifar::CLASS_NAMES.map(str::to_owned).to_vec(),
                    _ => Vec::new(),
                }
            }
        };
        let numbers = (known.len()..self.classes()).map(|class| format!("class {class}"));
        known.iter().cloned().chain(numbers).collect()
    }

    /// Name of the data set.
    pub fn name(&self) -> &str {
        match self {
            Samples::Images([train, _]) => train.name(),
            Samples::Recordings([train, _]) => train.name(),
            Samples::Classes(pool) => pool.name(),
        }
    }
}

fn only_for_episodes(name: &str) -> GlocalError {
    GlocalError::Usage {
        message: format!("`{name}` has other classes to test with than to learn from: nothing to classify"),
        hint: "it is for few-shot learning: give the config a table [episodes]".into(),
    }
}

fn index(split: Split) -> usize {
    match split {
        Split::Train => 0,
        Split::Test => 1,
    }
}

/// Reads a recording of any format, strictly.
fn read(path: &Path) -> Result<Recording, DataError> {
    let file = File::open(path).map_err(|source| DataError::Io { file: path.into(), action: "open", source })?;
    Ok(read_recording(file, path, &ReadOptions::default())?.0)
}

fn gesture_labels(path: &Path) -> Result<Vec<LabelledSpan>, DataError> {
    let file = File::open(path).map_err(|source| DataError::Io { file: path.into(), action: "open", source })?;
    let gestures = gesture::read_labels(file, path)?;
    Ok(gestures.into_iter().map(|g| LabelledSpan { label: u32::from(g.class), span_us: g.span_us }).collect())
}

/// Names that configs may give as `data.dataset`.
pub fn dataset_names() -> Vec<&'static str> {
    let known = registry::known_datasets().iter().map(|known| known.name);
    let archived = archived_datasets().iter().map(|set| set.name);
    std::iter::once(embedded::FASHION_MNIST_SUBSET).chain(known).chain(archived).collect()
}

/// What to say to a name that is no data set's; `None` if it is one's.
pub(crate) fn unknown_dataset_hint(name: &str) -> Option<String> {
    let known = dataset_names();
    match nearest(name, known.iter().copied()) {
        _ if known.contains(&name) || OWN.iter().any(|(prefix, _)| name.starts_with(prefix)) => None,
        _ if name.starts_with(ALPHABET) => None,
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => {
            let own: Vec<String> = OWN.iter().map(|(prefix, what)| format!("`{prefix}FOLDER` ({what})")).collect();
            let known = known.join(", ");
            let alphabet = format!("`{ALPHABET}ALPHABET`");
            Some(format!(
                "known are {known}, {alphabet}, and of your own {}; `glocal data list` tells more",
                own.join(", ")
            ))
        }
    }
}

/// Whether an error says that a data set is not on this machine.
pub(crate) fn is_absent(error: &GlocalError) -> bool {
    use glocal_data::folders::FolderError;
    matches!(error, GlocalError::Data(DataError::NotFound { .. } | DataError::Folder(FolderError::NotHere { .. })))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey PNG of 2 x 2, all of one level.
    fn write_picture(path: &Path, level: u8) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), 2, 2);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[level; 4]).unwrap();
    }

    #[test]
    fn pictures_of_ones_own_and_cifar_10_are_loaded_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, level) in [("train/a/1.png", 1), ("train/b/1.png", 2), ("test/a/1.png", 3), ("test/b/1.png", 4)] {
            write_picture(&at(name), level);
        }
        let name = format!("pictures:{}", folder.path().display());
        let Samples::Images([train, test]) = Samples::load(&name, &Locations::default()).unwrap() else { panic!() };
        assert_eq!(train.pixels(), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(test.labels(), [0, 1]);

        let locations = Locations { explicit: Some(folder.path().into()), ..Locations::default() };
        let error = Samples::load("cifar-10", &locations).unwrap_err();
        assert!(is_absent(&error), "{error}");
        for file in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
            std::fs::create_dir_all(at("cifar-10")).unwrap();
            std::fs::write(at(&format!("cifar-10/{file}.bin")), [7; 3073]).unwrap();
        }
        let samples = Samples::load("cifar-10", &locations).unwrap();
        assert_eq!((samples.len(Split::Train), samples.len(Split::Test)), (5, 1));
        assert_eq!(samples.class_names()[7], "horse");
        assert_eq!(samples.per_class(Split::Train)[7], 5);
    }
}
