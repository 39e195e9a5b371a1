//! Pictures by class, in memory.

use std::{
    fmt,
    io::{BufRead, Seek},
    ops::Range,
    path::{Path, PathBuf},
};

use super::picture::{Picture, Reading};
use crate::{DataError, ImageShape, dataset::intensity, folders::FolderError, idx};

/// Grey pictures of many classes with few pictures each, all of one size; ink is high, paper is 0 or near.
///
/// # Shapes
/// The levels are `[N, I]` with I = height x width, row-major, class after class.
#[derive(Clone, PartialEq, Eq)]
pub struct PictureClasses {
    name: String,
    shape: ImageShape,
    classes: Vec<PictureClass>,
    levels: Vec<u8>,
    test_classes: Range<usize>,
}

/// A class and its pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureClass {
    /// Its folder within the set's: `Tibetan/character29`.
    pub name: String,
    /// Numbers of its pictures; never empty.
    pub pictures: Range<usize>,
}

impl PictureClasses {
    /// Checks that the parts fit together: the pictures of the classes follow one another, and `levels` holds all.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`].
    pub fn new(
        name: impl Into<String>,
        shape: impl Into<ImageShape>,
        classes: Vec<PictureClass>,
        levels: Vec<u8>,
    ) -> Result<Self, DataError> {
        let set = PictureClasses { name: name.into(), shape: shape.into(), classes, levels, test_classes: 0..0 };
        set.check()?;
        Ok(set)
    }

    fn check(&self) -> Result<(), DataError> {
        let inputs = self.shape.checked_inputs().unwrap_or(0);
        if inputs == 0 || self.shape.channels != 1 {
            return Err(self.inconsistent("picture size", "grey and at least one pixel", self.shape));
        }
        let mut next = 0;
        for PictureClass { name, pictures } in &self.classes {
            if pictures.start != next || pictures.is_empty() {
                let found = format!("{} to {} of class {name}", pictures.start, pictures.end);
                return Err(self.inconsistent("pictures of a class", format!("at least one, from {next}"), found));
            }
            next = pictures.end;
        }
        if next == 0 {
            return Err(self.inconsistent("number of classes", "at least 1", 0));
        }
        if next.checked_mul(inputs) != Some(self.levels.len()) {
            return Err(self.inconsistent("number of levels", format!("{next} x {}", self.shape), self.levels.len()));
        }
        Ok(())
    }

    fn inconsistent(&self, what: &'static str, expected: impl Into<String>, found: impl fmt::Display) -> DataError {
        DataError::Inconsistent { name: self.name.clone(), what, expected: expected.into(), found: found.to_string() }
    }

    /// Two published halves as one pool: the classes of `training`, then those of `test`.
    ///
    /// # Errors
    /// [`DataError::Inconsistent`] if they differ in size.
    pub fn joined(name: impl Into<String>, training: PictureClasses, test: PictureClasses) -> Result<Self, DataError> {
        let name = name.into();
        if training.shape != test.shape {
            let (expected, found) = (training.shape.to_string(), test.shape.to_string());
            return Err(DataError::Inconsistent { name, what: "picture size of the test classes", expected, found });
        }
        let (pictures, first_test) = (training.len(), training.classes.len());
        let PictureClasses { shape, mut classes, mut levels, .. } = training;
        levels.extend_from_slice(&test.levels);
        classes.extend(test.classes.into_iter().map(|class| PictureClass {
            pictures: class.pictures.start + pictures..class.pictures.end + pictures,
            ..class
        }));
        let test_classes = first_test..classes.len();
        Ok(PictureClasses { name, shape, classes, levels, test_classes })
    }

    /// Name, for messages and reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Size of a picture: one channel.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// All classes, in order; never empty.
    pub fn classes(&self) -> &[PictureClass] {
        &self.classes
    }

    /// Which classes are published to test with; empty where there are no published halves.
    pub fn test_classes(&self) -> Range<usize> {
        self.test_classes.clone()
    }

    /// Number of pictures, N; never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.levels.len() / self.shape.inputs()
    }

    /// Levels of a picture, `[I]`; empty if there is no such picture.
    pub fn picture(&self, number: usize) -> &[u8] {
        self.levels.chunks_exact(self.shape.inputs()).nth(number).unwrap_or_default()
    }

    /// Appends a picture's intensities after so many quarter turns, counter-clockwise.
    ///
    /// # Equation
    /// Of n x n pixels, one turn: out(r, c) = in(c, n - 1 - r) / 255. Turns move pixels and change none.
    pub(super) fn push_turned(&self, number: usize, quarter_turns: u8, values: &mut Vec<f32>) {
        let (levels, width) = (self.picture(number), self.shape.width);
        let column = |column: usize| levels.iter().skip(column).step_by(width).map(|&level| intensity(level));
        match quarter_turns % 4 {
            0 => values.extend(levels.iter().map(|&level| intensity(level))),
            1 => (0..width).rev().for_each(|right| values.extend(column(right))),
            2 => values.extend(levels.iter().rev().map(|&level| intensity(level))),
            _ => (0..width).for_each(|left| values.extend(column(left).rev())),
        }
    }
}

impl fmt::Debug for PictureClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.shape.to_string().replace(' ', "");
        write!(f, "{}: {} pictures of {size} in {} classes", self.name, self.len(), self.classes.len())
    }
}

impl fmt::Display for PictureClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Pictures on their way into a set, class after class.
pub(super) struct Gathering {
    reading: Reading,
    first: Option<(PathBuf, [usize; 2])>,
    classes: Vec<PictureClass>,
    levels: Vec<u8>,
}

impl Gathering {
    pub(super) fn new(reading: Reading) -> Self {
        Gathering { reading, first: None, classes: Vec::new(), levels: Vec::new() }
    }

    /// Whether no class was begun.
    pub(super) fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Begins a class.
    pub(super) fn class(&mut self, name: String) {
        let next = self.classes.last().map_or(0, |class| class.pictures.end);
        self.classes.push(PictureClass { name, pictures: next..next });
    }

    /// Adds a picture to the class begun last; `file` names it in messages.
    pub(super) fn add(&mut self, file: &Path, encoded: impl BufRead + Seek) -> Result<(), DataError> {
        let picture = Picture::decode(file, encoded, &self.reading)?;
        self.check_size(file, picture.size)?;
        let [height, width] = self.reading.side.map_or(picture.size, |side| [side; 2]);
        if (self.levels.len() + height * width) as u64 > idx::DEFAULT_CAP_BYTES {
            return Err(FolderError::TooLarge { file: file.into(), cap: idx::DEFAULT_CAP_BYTES }.into());
        }
        match self.reading.side {
            Some(side) => picture.squared().push_resized(side, &mut self.levels),
            None => self.levels.extend_from_slice(&picture.levels),
        }
        if let Some(class) = self.classes.last_mut() {
            class.pictures.end += 1;
        }
        Ok(())
    }

    /// All pictures must be of one size, unless they may be scaled from any.
    fn check_size(&mut self, file: &Path, size: [usize; 2]) -> Result<(), DataError> {
        let (first, expected) = self.first.get_or_insert_with(|| (file.to_owned(), size));
        if size == *expected || self.reading.any_size {
            return Ok(());
        }
        let [expected, found] = [*expected, size].map(|[height, width]| format!("{height} x {width}"));
        Err(FolderError::PictureSize { file: file.into(), first: first.clone(), expected, found }.into())
    }

    pub(super) fn finish(self, name: &str) -> Result<PictureClasses, DataError> {
        let size = self.first.map_or([0, 0], |(_, size)| size);
        let size = self.reading.side.map_or(size, |side| [side; 2]);
        PictureClasses::new(name, size, self.classes, self.levels)
    }
}
