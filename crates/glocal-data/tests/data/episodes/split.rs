//! Oracle: what a split must be, whatever the pool and the seed.

use std::collections::BTreeSet;

use glocal_data::episodes::{ClassId, ClassSplit, EpisodeError, PictureClass, PictureClasses, SplitClasses};
use glocal_data::{DataError, Stream};
use proptest::prelude::*;

use super::{omniglot::published, pool};

/// A pool of published halves.
fn halves(training: usize, test: usize) -> PictureClasses {
    PictureClasses::joined("made", pool(&vec![2; training]), pool(&vec![2; test])).unwrap()
}

fn characters(part: &[ClassId]) -> BTreeSet<usize> {
    part.iter().map(|id| id.class).collect()
}

/// No character is in two parts, turned or not; each has all of its turns or only the drawing as it is; none is lost.
fn check(split: &SplitClasses, classes: usize, turns: [usize; 3]) {
    let parts = [&split.training, &split.validation, &split.test];
    let sets = parts.map(|part| characters(part));
    assert_eq!(sets.iter().map(BTreeSet::len).sum::<usize>(), classes);
    assert_eq!(sets.iter().flatten().collect::<BTreeSet<_>>().len(), classes);
    for ((part, set), turns) in parts.into_iter().zip(&sets).zip(turns) {
        let expected =
            set.iter().flat_map(|&class| (0..turns as u8).map(move |quarter_turns| ClassId { class, quarter_turns }));
        assert!(part.iter().copied().eq(expected));
    }
}

proptest! {
    #[test]
    fn no_character_leaks(seed in any::<u64>(), training in 2_usize..40, test in 1_usize..40, rotations: bool, part in 0.0..1.0) {
        let pool = halves(training, test);
        let stream = Stream::new(seed);
        let turns = [if rotations { 4 } else { 1 }, 1, 1];
        let validation = 1 + (part * (training - 1) as f64) as usize;
        let validation = validation.min(training - 1);
        let official = ClassSplit::Official { validation }.split(&pool, rotations, &stream).unwrap();
        check(&official, training + test, turns);
        assert!(characters(&official.test).into_iter().eq(training..training + test));
        assert_eq!(official.validation.len(), validation);
        let held = ClassSplit::HoldOut { characters: test, validation }.split(&pool, rotations, &stream).unwrap();
        check(&held, training + test, turns);
        assert_eq!((held.test.len(), held.validation.len()), (test, validation));
        let again = ClassSplit::HoldOut { characters: test, validation }.split(&pool, rotations, &stream).unwrap();
        assert_eq!(held, again);
        let other = ClassSplit::HoldOut { characters: test, validation: 1 }.split(&pool, !rotations, &stream).unwrap();
        assert_eq!(held.test, other.test, "the test classes depend on the seed alone");
    }
}

#[test]
fn the_split_of_the_literature() {
    let pool = pool(&[1; 1623]);
    let literature = |seed| ClassSplit::Literature { validation: 100 }.split(&pool, false, &Stream::new(seed)).unwrap();
    for seed in 0..5 {
        let split = literature(seed);
        check(&split, 1623, [4, 4, 4]);
        assert_eq!([&split.training, &split.validation, &split.test].map(|part| part.len()), [4400, 400, 1692]);
        assert_ne!(split.test, literature(seed + 1).test);
    }
    let words = "4400 classes to learn from, 400 to validate with, 1692 to test with";
    assert_eq!(literature(0).to_string(), words);
}

#[test]
fn the_official_split_of_the_published_set() {
    let Some(pool) = published(5).map(|set| set.joined().unwrap()) else { return };
    let split = ClassSplit::Official { validation: 64 }.split(&pool, true, &Stream::new(1)).unwrap();
    check(&split, 1623, [4, 1, 1]);
    assert_eq!([&split.training, &split.validation, &split.test].map(|part| part.len()), [3600, 64, 659]);
    assert!(split.test.iter().all(|id| !pool.classes()[id.class].name.starts_with("Korean/")));
}

#[test]
fn splits_that_do_not_fit_are_refused() {
    let pool = pool(&[2; 10]);
    let split = |split: ClassSplit, pool: &PictureClasses| match split.split(pool, false, &Stream::new(1)).unwrap_err()
    {
        DataError::Episodes(error) => {
            assert!(!error.hint().is_empty());
            error
        }
        other => panic!("{other}"),
    };
    let error = split(ClassSplit::Official { validation: 1 }, &pool);
    assert!(matches!(error, EpisodeError::NoHalves { .. }) && error.hint().contains("hold-out"), "{error}");
    let error = split(ClassSplit::Literature { validation: 1 }, &pool);
    assert!(matches!(error, EpisodeError::OtherSet { expected: 1623, found: 10, .. }), "{error}");
    let error = split(ClassSplit::HoldOut { characters: 10, validation: 1 }, &pool);
    assert_eq!(error.to_string(), "made: 10 classes to test with of 10: none are left to learn from");
    let error = split(ClassSplit::HoldOut { characters: 4, validation: 6 }, &pool);
    assert_eq!(error.to_string(), "made: 6 validation classes of 6: none are left to learn from");
    let error = split(ClassSplit::Official { validation: 3 }, &halves(3, 2));
    assert!(matches!(error, EpisodeError::NoneLeft { asked: 3, of: 3, .. }), "{error}");
    let none = ClassSplit::HoldOut { characters: 4, validation: 0 }.split(&pool, false, &Stream::new(1)).unwrap_err();
    assert!(matches!(none, DataError::Parameter { what: "validation classes", .. }), "{none}");
    let class = PictureClass { name: "a".into(), pictures: 0..3 };
    let wide = PictureClasses::new("wide", [1, 2], vec![class.clone(); 1], vec![0; 6]).unwrap();
    let wide = PictureClasses::joined("wide", wide.clone(), wide.clone()).unwrap();
    let wide = PictureClasses::joined("wide", wide.clone(), wide).unwrap();
    let split = ClassSplit::HoldOut { characters: 1, validation: 1 };
    assert!(split.split(&wide, false, &Stream::new(1)).is_ok());
    let error = split.split(&wide, true, &Stream::new(1)).unwrap_err();
    assert!(matches!(error, DataError::Episodes(EpisodeError::NotSquare { .. })), "{error}");
}

#[test]
fn splits_as_configs_write_them() {
    let read = |text: &str| serde_json::from_str::<ClassSplit>(text);
    assert_eq!(read(r#"{"kind":"official","validation":5}"#).unwrap(), ClassSplit::Official { validation: 5 });
    assert_eq!(read(r#"{"kind":"literature","validation":5}"#).unwrap(), ClassSplit::Literature { validation: 5 });
    let held = ClassSplit::HoldOut { characters: 100, validation: 5 };
    assert_eq!(read(r#"{"kind":"hold-out","validation":5}"#).unwrap(), held);
    assert_eq!(serde_json::to_string(&held).unwrap(), r#"{"kind":"hold-out","characters":100,"validation":5}"#);
    assert!(read(r#"{"kind":"official","validation":5,"characters":3}"#).is_err());
    assert!(read(r#"{"kind":"official"}"#).is_err());
}
