//! The images of a run: which it learns from, which choose the model, which judge it; and batches of them as a
//! network's input.

use std::fmt;
use std::path::Path;

use glocal_core::Input;
use glocal_data::encode::EncodeBuffers;
use glocal_data::folders::picture_folders;
use glocal_data::{
    Batch, Corruptions, DataError, Draw, Encoded, Encoder, ImageDataset, Locations, Split, Stream, cifar, embedded,
    epoch_order, load, load_folder, registry,
};

use crate::config::RunConfig;
use crate::config::parse::Source;
use crate::config::problem::nearest;
use crate::error::GlocalError;

/// Both splits of a data set, in memory.
#[derive(Clone, Debug)]
pub struct Images {
    train: ImageDataset,
    test: ImageDataset,
}

impl Images {
    /// Reads a data set that is built in or on this machine; downloads nothing.
    ///
    /// # Errors
    /// An unknown name, a set that is nowhere, or damaged files.
    pub fn load(name: &str, locations: &Locations) -> Result<Images, GlocalError> {
        if name == embedded::FASHION_MNIST_SUBSET {
            let split = embedded::fashion_mnist;
            return Ok(Images { train: split(Split::Train)?, test: split(Split::Test)? });
        }
        if let Some(folder) = name.strip_prefix(OWN_FOLDER) {
            let [train, test] = load_folder(name, Path::new(folder))?;
            return Ok(Images { train, test });
        }
        if let Some(folder) = name.strip_prefix(OWN_PICTURES) {
            let [train, test] = picture_folders(name, Path::new(folder))?;
            return Ok(Images { train, test });
        }
        if name == cifar::NAME {
            return Ok(Images::cifar(locations)?);
        }
        if let Some(hint) = unknown_dataset_hint(name) {
            return Err(GlocalError::Usage { message: format!("unknown data set `{name}`"), hint });
        }
        let found = locations.find(registry::find(name)?)?;
        Ok(Images { train: load(&found, Split::Train)?, test: load(&found, Split::Test)? })
    }

    fn cifar(locations: &Locations) -> Result<Images, DataError> {
        let folder = locations.find_archived(cifar::archive()?)?;
        Ok(Images { train: cifar::load(&folder, Split::Train)?, test: cifar::load(&folder, Split::Test)? })
    }

    /// The images of one split.
    pub fn split(&self, split: Split) -> &ImageDataset {
        match split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        }
    }
}

/// `idx:FOLDER` as `data.dataset` names a folder with IDX files of one's own.
pub const OWN_FOLDER: &str = "idx:";

/// `pictures:FOLDER` as `data.dataset` names a folder with `train` and `test`, each with a folder of PNG or JPEG files for
/// each class.
pub const OWN_PICTURES: &str = "pictures:";

/// Names that configs may give as `data.dataset`.
pub fn dataset_names() -> Vec<&'static str> {
    let known = registry::known_datasets().iter().map(|known| known.name);
    std::iter::once(embedded::FASHION_MNIST_SUBSET).chain(known).chain([cifar::NAME]).collect()
}

/// What to say to a name that is no data set's; `None` if it is one's.
pub(crate) fn unknown_dataset_hint(name: &str) -> Option<String> {
    let known = dataset_names();
    match nearest(name, known.iter().copied()) {
        _ if known.contains(&name) || [OWN_FOLDER, OWN_PICTURES].iter().any(|own| name.starts_with(own)) => None,
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => Some(format!(
            "known are {}, and `{OWN_FOLDER}FOLDER` for IDX files or `{OWN_PICTURES}FOLDER` for pictures of your own; \
             `glocal data list` tells more",
            known.join(", ")
        )),
    }
}

/// What a run uses some of its images for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose the model by; taken from the training split.
    Validation,
    /// To judge the chosen model by.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Train => "train",
            Part::Validation => "validation",
            Part::Test => "test",
        })
    }
}

/// A run's view of a data set: its parts, their order and their encoding, all functions of the config alone.
#[derive(Debug)]
pub struct RunImages<'a> {
    images: &'a Images,
    train: Vec<u32>,
    validation: Vec<u32>,
    test: Vec<u32>,
    shuffle: bool,
    encoder: Encoder,
    steps: usize,
    stream: Stream,
}

impl<'a> RunImages<'a> {
    /// Splits the images as `config` says; `source` tells where its values stand, for messages.
    ///
    /// # Errors
    /// A network that does not fit the images, or more validation images than there are.
    pub fn new(images: &'a Images, config: &RunConfig, source: Option<&Source>) -> Result<Self, GlocalError> {
        config.check_shapes(images.train.inputs(), images.train.classes(), source)?;
        let stream = Stream::new(config.training.seed);
        let split = images.train.split_validation(config.data.validation, &stream.fork("validation split"))?;
        let limit = config.data.train_limit.unwrap_or(usize::MAX);
        Ok(RunImages {
            images,
            train: split.train.into_iter().take(limit).collect(),
            validation: split.validation,
            test: (0..).take(images.test.len()).collect(),
            shuffle: config.training.shuffle,
            encoder: config.encoder,
            steps: config.learner.network.steps,
            stream,
        })
    }

    /// The numbers of a part's images, in their own order.
    pub fn numbers(&self, part: Part) -> &[u32] {
        match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        }
    }

    /// Images of the largest part: no batch is larger.
    pub fn most_samples(&self) -> usize {
        [Part::Train, Part::Validation, Part::Test].map(|part| self.numbers(part).len()).into_iter().max().unwrap_or(0)
    }

    /// The data set that a part's numbers count in.
    pub fn dataset(&self, part: Part) -> &ImageDataset {
        match part {
            Part::Train | Part::Validation => &self.images.train,
            Part::Test => &self.images.test,
        }
    }

    /// What a class shows; its number where no name is known.
    pub fn class_name(&self, class: u32) -> String {
        let names = match self.images.test.name() {
            embedded::FASHION_MNIST_SUBSET => embedded::origin().map(|known| known.class_names),
            cifar::NAME => Ok(&cifar::CLASS_NAMES[..]),
            name => registry::find(name).map(|known| known.class_names),
        };
        let name = names.ok().and_then(|names| names.get(class as usize));
        name.map_or_else(|| format!("class {class}"), |name| (*name).to_owned())
    }

    /// The order in which `epoch` visits the training images.
    pub fn training_order(&self, epoch: u64) -> Vec<u32> {
        if self.shuffle { epoch_order(&self.train, &self.stream.fork("order"), epoch) } else { self.train.clone() }
    }

    /// Puts training images into `feed`, encoded by the random numbers of `epoch`.
    ///
    /// # Errors
    /// Numbers that are not there.
    pub fn training_batch(&self, feed: &mut Feed, numbers: &[u32], epoch: u64) -> Result<(), GlocalError> {
        self.images.train.gather(numbers, &mut feed.batch)?;
        self.encode(feed, &Draw::new(&self.stream.fork("training encoder"), epoch))
    }

    /// Puts images into `feed` to be judged, corrupted first; what is drawn depends on seed, part and image alone.
    ///
    /// # Errors
    /// Numbers that are not there.
    pub fn evaluation_batch(
        &self,
        feed: &mut Feed,
        part: Part,
        numbers: &[u32],
        corruptions: &Corruptions,
    ) -> Result<(), GlocalError> {
        self.dataset(part).gather(numbers, &mut feed.batch)?;
        let draw = |purpose: &str| Draw::new(&self.stream.fork(purpose).fork(&part.to_string()), 0);
        corruptions.apply(&mut feed.batch, &draw("corruption"))?;
        self.encode(feed, &draw("evaluation encoder"))
    }

    fn encode(&self, feed: &mut Feed, draw: &Draw) -> Result<(), GlocalError> {
        self.encoder.encode_into(&feed.batch, self.steps, draw, &mut feed.buffers)?;
        Ok(())
    }
}

/// One batch as a network takes it; its memory is reused from step to step.
#[derive(Debug, Default)]
pub struct Feed {
    batch: Batch,
    buffers: EncodeBuffers,
}

impl Feed {
    /// The network's input.
    pub fn input(&self) -> Input<'_, f32> {
        match self.buffers.encoded() {
            Encoded::Constant(values) => Input::Constant(values),
            Encoded::Series(values) => Input::Series(values),
        }
    }

    /// Classes of the batch, `[B]`.
    pub fn labels(&self) -> &[u32] {
        self.batch.labels()
    }

    /// Intensities before encoding, `[B, I]`.
    pub fn intensities(&self) -> &[f32] {
        self.batch.values()
    }
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
        let name = format!("{OWN_PICTURES}{}", folder.path().display());
        let images = Images::load(&name, &Locations::default()).unwrap();
        assert_eq!(images.split(Split::Train).pixels(), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(images.split(Split::Test).labels(), [0, 1]);

        let locations = Locations { explicit: Some(folder.path().into()), ..Locations::default() };
        let error = Images::load("cifar-10", &locations).unwrap_err();
        assert!(error.to_string().contains("cifar-10 not found"), "{error}");
        for file in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
            std::fs::create_dir_all(at("cifar-10")).unwrap();
            std::fs::write(at(&format!("cifar-10/{file}.bin")), [7; 3073]).unwrap();
        }
        let images = Images::load("cifar-10", &locations).unwrap();
        assert_eq!((images.split(Split::Train).len(), images.split(Split::Train).inputs()), (5, 3072));
    }
}
