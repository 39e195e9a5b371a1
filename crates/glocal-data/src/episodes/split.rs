//! Which classes are learned from, which choose the model, which judge it: never the same character in two parts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EpisodeError, PictureClasses};
use crate::{DataError, Stream, text::check};

/// How the classes of a pool are divided.
///
/// The validation classes are drawn at random from those to learn from, at least 1; a quarter turn of a character is
/// always in the part that the character is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClassSplit {
    /// The published halves: of Omniglot, 964 background characters to learn from and 659 evaluation characters, of
    /// other alphabets, to test with.
    ///
    /// # References
    /// B. Lake, R. Salakhutdinov, J. Tenenbaum (2015), doi:10.1126/science.aab3050.
    Official {
        /// Background characters set aside to choose the model by.
        validation: usize,
    },
    /// Omniglot as few-shot learning mostly divides it: all 1623 characters in random order, 1200 to learn from and 423
    /// to test with, and each quarter turn of any a class of its own: 4800 and 1692.
    ///
    /// # References
    /// A. Santoro et al. (2016), "Meta-learning with memory-augmented neural networks", arXiv:1605.06065; O. Vinyals et
    /// al. (2016), "Matching networks for one shot learning", arXiv:1606.04080.
    Literature {
        /// Characters of the 1200 set aside to choose the model by.
        validation: usize,
    },
    /// All classes in random order, the last of them to test with.
    ///
    /// # References
    /// Y. Wu et al. (2022), doi:10.1038/s41467-021-27653-2; after T. Miconi, J. Clune, K. Stanley (2018),
    /// "Differentiable plasticity", arXiv:1804.02464, whose Omniglot test has 100 characters.
    HoldOut {
        /// Classes to test with.
        #[serde(default = "hundred")]
        characters: usize,
        /// Classes of the others set aside to choose the model by.
        validation: usize,
    },
}

fn hundred() -> usize {
    100
}

/// Characters of Omniglot, and those of them to test with in the literature.
const LITERATURE: [usize; 2] = [1623, 423];

/// A class to draw pictures of: a class of the pool, its pictures turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId {
    /// Number in the pool.
    pub class: usize,
    /// Quarter turns, counter-clockwise: 0 to 3.
    pub quarter_turns: u8,
}

/// A pool's classes, divided; ascending in each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitClasses {
    /// To learn from.
    pub training: Vec<ClassId>,
    /// To choose the model by.
    pub validation: Vec<ClassId>,
    /// To judge it by, once.
    pub test: Vec<ClassId>,
}

impl ClassSplit {
    /// Classes set aside to choose the model by, before turns.
    pub fn validation(&self) -> usize {
        let (ClassSplit::Official { validation }
        | ClassSplit::Literature { validation }
        | ClassSplit::HoldOut { validation, .. }) = *self;
        validation
    }

    /// Divides the classes of `pool`: a function of the pool's size and the stream alone. With `rotations`, each quarter
    /// turn of a class to learn from is a class of its own; [`ClassSplit::Literature`] has turns in every part, always.
    ///
    /// The test classes do not depend on how many are set aside for validation.
    ///
    /// # Errors
    /// [`EpisodeError::NoHalves`] or [`EpisodeError::OtherSet`] if the split is not for this pool,
    /// [`EpisodeError::NoneLeft`], [`EpisodeError::NotSquare`]; [`DataError::Parameter`] if no class is set aside.
    pub fn split(&self, pool: &PictureClasses, rotations: bool, stream: &Stream) -> Result<SplitClasses, DataError> {
        check(self.validation() > 0, "validation classes", 0, "at least 1: the model is chosen by them")?;
        let [mut training, test] = self.training_and_test(pool, stream)?;
        let left = left_of(pool, "validation classes", self.validation(), training.len())?;
        stream.fork("validation").draws().shuffle(&mut training);
        let validation = training.split_off(left);
        let everywhere = matches!(self, ClassSplit::Literature { .. });
        let [learned, judged] = [rotations || everywhere, everywhere].map(|turned| if turned { 4 } else { 1 });
        if learned > 1 && pool.shape().height != pool.shape().width {
            return Err(EpisodeError::NotSquare { set: pool.name().into(), shape: pool.shape() }.into());
        }
        Ok(SplitClasses {
            training: with_turns(training, learned),
            validation: with_turns(validation, judged),
            test: with_turns(test, judged),
        })
    }

    fn training_and_test(&self, pool: &PictureClasses, stream: &Stream) -> Result<[Vec<usize>; 2], EpisodeError> {
        let [characters, tests] = LITERATURE;
        match *self {
            ClassSplit::Official { .. } => published_halves(pool),
            ClassSplit::Literature { .. } if pool.classes().len() != characters => {
                let found = pool.classes().len();
                Err(EpisodeError::OtherSet { set: pool.name().into(), expected: characters, found })
            }
            ClassSplit::Literature { .. } => drawn_halves(pool, tests, stream),
            ClassSplit::HoldOut { characters, .. } => drawn_halves(pool, characters, stream),
        }
    }
}

fn published_halves(pool: &PictureClasses) -> Result<[Vec<usize>; 2], EpisodeError> {
    let test = pool.test_classes();
    if test.is_empty() {
        return Err(EpisodeError::NoHalves { set: pool.name().into() });
    }
    let training = (0..pool.classes().len()).filter(|class| !test.contains(class)).collect();
    Ok([training, test.collect()])
}

/// All classes in random order, the last `tests` of them apart.
fn drawn_halves(pool: &PictureClasses, tests: usize, stream: &Stream) -> Result<[Vec<usize>; 2], EpisodeError> {
    let mut classes: Vec<usize> = (0..pool.classes().len()).collect();
    let left = left_of(pool, "classes to test with", tests, classes.len())?;
    stream.fork("test").draws().shuffle(&mut classes);
    let test = classes.split_off(left);
    Ok([classes, test])
}

/// What is left of `of` classes to learn from; never 0.
fn left_of(pool: &PictureClasses, what: &'static str, asked: usize, of: usize) -> Result<usize, EpisodeError> {
    let left = of.checked_sub(asked).filter(|&left| left > 0);
    left.ok_or_else(|| EpisodeError::NoneLeft { set: pool.name().into(), what, asked, of })
}

fn with_turns(mut classes: Vec<usize>, turns: u8) -> Vec<ClassId> {
    classes.sort_unstable();
    let of_class = |class| (0..turns).map(move |quarter_turns| ClassId { class, quarter_turns });
    classes.into_iter().flat_map(of_class).collect()
}

impl fmt::Display for SplitClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [training, validation, test] = [&self.training, &self.validation, &self.test].map(Vec::len);
        write!(f, "{training} classes to learn from, {validation} to validate with, {test} to test with")
    }
}
