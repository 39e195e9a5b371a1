//! Oracles: what an episode must be, and pictures turned by hand.

use std::collections::BTreeSet;

use glocal_data::episodes::{
    ClassId, Episode, EpisodeBatch, EpisodeError, EpisodePicture, EpisodeSampler, EpisodeShape, PictureClass,
    PictureClasses, Variations,
};
use glocal_data::{Augmentations, DataError, Stream};
use proptest::prelude::*;

use super::pool;

/// Every class of the pool, with so many turns.
fn ids(pool: &PictureClasses, turns: u8) -> Vec<ClassId> {
    let of_class = |class| (0..turns).map(move |quarter_turns| ClassId { class, quarter_turns });
    (0..pool.classes().len()).flat_map(of_class).collect()
}

/// Labels are balanced, drawings are those of the classes and turned like them, and none is drawn twice.
fn check(pool: &PictureClasses, episode: &Episode, shape: EpisodeShape) {
    assert_eq!(episode.classes.iter().collect::<BTreeSet<_>>().len(), shape.ways);
    let mut drawn = BTreeSet::new();
    for (part, each) in [(&episode.support, shape.shots), (&episode.query, shape.queries)] {
        assert_eq!(part.len(), each * shape.ways);
        for label in 0..shape.ways as u32 {
            assert_eq!(part.iter().filter(|picture| picture.label == label).count(), each);
        }
        for &EpisodePicture { picture, quarter_turns, label } in part {
            let id = episode.classes[label as usize];
            assert!(pool.classes()[id.class].pictures.contains(&picture) && id.quarter_turns == quarter_turns);
            assert!(drawn.insert((picture, quarter_turns)), "{picture} is drawn twice");
        }
    }
}

proptest! {
    #[test]
    fn episodes_are_balanced_and_disjoint(
        seed in any::<u64>(),
        number in any::<u64>(),
        (ways, shots, queries) in (1_usize..12, 1_usize..4, 1_usize..4),
    ) {
        let pool = pool(&[6, 7, 8]);
        let ids = ids(&pool, 4);
        let shape = EpisodeShape { ways, shots, queries };
        let sampler = EpisodeSampler::new(&pool, &ids, shape).unwrap();
        let stream = Stream::new(seed);
        let episode = sampler.episode(&stream, number);
        check(&pool, &episode, shape);
        prop_assert_eq!(&episode, &sampler.episode(&stream, number));
    }
}

#[test]
fn numbers_and_seeds_make_other_episodes() {
    let pool = pool(&[20; 50]);
    let ids = ids(&pool, 4);
    let sampler = EpisodeSampler::new(&pool, &ids, EpisodeShape { ways: 5, shots: 2, queries: 3 }).unwrap();
    let episodes = |seed| (0..200).map(|number| format!("{:?}", sampler.episode(&Stream::new(seed), number))).collect();
    let [first, second]: [BTreeSet<String>; 2] = [1, 2].map(episodes);
    assert_eq!((first.len(), second.len(), first.intersection(&second).count()), (200, 200, 0));
}

/// Of 10 classes, any is the first of an episode as often as any other; of its 4 drawings, any is in the support as
/// often; and any label comes first in the support as often. 4000 draws: each tenth is 400 give or take 19.
#[test]
fn everything_is_drawn_as_often() {
    let pool = pool(&[4; 10]);
    let ids = ids(&pool, 1);
    let sampler = EpisodeSampler::new(&pool, &ids, EpisodeShape { ways: 2, shots: 2, queries: 1 }).unwrap();
    let (mut classes, mut drawings, mut first_labels) = ([0_usize; 10], [0_usize; 4], [0_usize; 2]);
    for number in 0..4000 {
        let Episode { classes: drawn, support, query } = sampler.episode(&Stream::new(7), number);
        classes[drawn[0].class] += 1;
        support.iter().for_each(|picture| drawings[picture.picture % 4] += 1);
        first_labels[support[0].label as usize] += 1;
        first_labels[query[0].label as usize] += 1;
    }
    let near = |counts: &[usize], expected: usize, width: usize| counts.iter().all(|n| n.abs_diff(expected) < width);
    assert!(near(&classes, 400, 95), "{classes:?}");
    assert!(near(&drawings, 4000, 275), "{drawings:?}");
    assert!(near(&first_labels, 4000, 225), "{first_labels:?}");
}

/// By hand, counter-clockwise, of the levels 0 to 8 in rows.
#[test]
fn quarter_turns_move_pixels_and_change_none() {
    let pool = pool(&[1, 1]);
    let class = PictureClass { name: "a".into(), pictures: 0..2 };
    let levels = (0..18).collect();
    let pool = PictureClasses::new(pool.name(), [3, 3], vec![class], levels).unwrap();
    let turned = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8],
        [2, 5, 8, 1, 4, 7, 0, 3, 6],
        [8, 7, 6, 5, 4, 3, 2, 1, 0],
        [6, 3, 0, 7, 4, 1, 8, 5, 2],
    ];
    for (quarter_turns, expected) in (0..).zip(turned) {
        let ids = [ClassId { class: 0, quarter_turns }];
        let sampler = EpisodeSampler::new(&pool, &ids, EpisodeShape { ways: 1, shots: 1, queries: 1 }).unwrap();
        let mut batch = EpisodeBatch::new();
        sampler.fill(&mut batch, &Stream::new(1), 0, 1, Variations::default()).unwrap();
        let expected: Vec<f32> = expected.iter().map(|&level| f32::from(level as u8) / 255.0).collect();
        assert!(batch.images().chunks(9).any(|image| image == expected), "{quarter_turns}");
    }
}

#[test]
fn a_batch_holds_its_episodes_in_order() {
    let pool = pool(&[5; 6]);
    let ids = ids(&pool, 4);
    let sampler = EpisodeSampler::new(&pool, &ids, EpisodeShape { ways: 3, shots: 2, queries: 1 }).unwrap();
    let stream = Stream::new(3);
    let filled = |first, episodes, augment: Option<&Augmentations>| {
        let mut batch = EpisodeBatch::new();
        let variations = Variations { pictures: augment, ..Variations::default() };
        sampler.fill(&mut batch, &stream, first, episodes, variations).unwrap();
        batch
    };
    let batch = filled(10, 4, None);
    assert_eq!((batch.episodes(), batch.supports(), batch.queries(), batch.pictures()), (4, 6, 3, 9));
    assert_eq!((batch.images().len(), batch.labels().len(), batch.shape()), (4 * 9 * 9, 4 * 9, pool.shape()));
    let labels = (10..14).flat_map(|number| {
        let Episode { support, query, .. } = sampler.episode(&stream, number);
        support.into_iter().chain(query).map(|picture| picture.label)
    });
    assert!(labels.eq(batch.labels().iter().copied()));
    // The same episodes in other batches, varied or not.
    let varied: Augmentations = "crop=1+rotation=30".parse().unwrap();
    for augment in [None, Some(&varied)] {
        let (whole, parts) = (filled(10, 4, augment), [filled(10, 1, augment), filled(11, 3, augment)]);
        assert_eq!(whole.images(), parts.iter().flat_map(|part| part.images().to_vec()).collect::<Vec<_>>());
        assert!(whole.images().iter().all(|value| (0.0..=1.0).contains(value)));
    }
    assert_ne!(filled(10, 4, None), filled(10, 4, Some(&varied)));
    assert_eq!(filled(10, 4, None), filled(10, 4, Some(&Augmentations::none())));
    // A reused batch takes on another size.
    let mut reused = batch;
    let small = EpisodeSampler::new(&pool, &ids, EpisodeShape { ways: 1, shots: 1, queries: 1 }).unwrap();
    small.fill(&mut reused, &stream, u64::MAX, 2, Variations::default()).unwrap();
    assert_eq!((reused.episodes(), reused.images().len()), (2, 2 * 2 * 9));
    let error = small.fill(&mut reused, &stream, 0, usize::MAX, Variations::default()).unwrap_err();
    assert!(matches!(error, DataError::Parameter { what: "episodes of a batch", .. }), "{error}");
    assert_eq!((reused.episodes(), reused.images()), (0, &[][..]));
}

/// Of classes that hold one drawing many times, all pictures of a class are varied alike within an episode; classes among
/// each other, and a class in another episode, are not.
#[test]
fn a_class_is_varied_alike_within_an_episode() {
    let class = |number: usize| PictureClass { name: format!("c{number}"), pictures: number * 4..number * 4 + 4 };
    let drawing = |class: usize| (0..25).map(move |i: usize| ((class * 37 + i * 29) % 200) as u8 + 50);
    let levels = (0..12).flat_map(|picture: usize| drawing(picture / 4)).collect();
    let pool = PictureClasses::new("same", [5, 5], (0..3).map(class).collect(), levels).unwrap();
    let ids = ids(&pool, 1);
    let sampler = EpisodeSampler::new(&pool, &ids, EpisodeShape { ways: 2, shots: 2, queries: 2 }).unwrap();
    let chain: Augmentations = "affine=20,0.2,0.2,1".parse().unwrap();
    // Images of each class of each episode.
    let filled = |variations: Variations<'_>| -> Vec<[Vec<Vec<f32>>; 2]> {
        let mut batch = EpisodeBatch::new();
        sampler.fill(&mut batch, &Stream::new(4), 0, 8, variations).unwrap();
        let pictures: Vec<_> = batch.labels().iter().copied().zip(batch.images().chunks(25)).collect();
        let of = |episode: &[(u32, &[f32])], label: u32| {
            episode.iter().filter(|picture| picture.0 == label).map(|picture| picture.1.to_vec()).collect()
        };
        pictures.chunks(8).map(|episode| [0, 1].map(|label| of(episode, label))).collect()
    };
    let alike = |pictures: &[Vec<f32>]| pictures.iter().all(|picture| *picture == pictures[0]);
    let plain = filled(Variations::default());
    let by_class = filled(Variations { classes: Some(&chain), ..Variations::default() });
    let by_picture = filled(Variations { pictures: Some(&chain), ..Variations::default() });
    let both = filled(Variations { classes: Some(&chain), pictures: Some(&chain), looks: None });
    assert!(plain.iter().flatten().chain(by_class.iter().flatten()).all(|class| class.len() == 4 && alike(class)));
    assert!(by_picture.iter().flatten().chain(both.iter().flatten()).all(|class| !alike(class)));
    assert!(plain.iter().flatten().zip(by_class.iter().flatten()).all(|(plain, varied)| plain != varied));
    assert!(by_picture.iter().flatten().zip(both.iter().flatten()).all(|(one, both)| one != both));
    let mut met: Vec<_> = by_class.iter().flatten().map(|class| class[0].clone()).collect();
    met.sort_by(|a, b| a.partial_cmp(b).unwrap());
    met.dedup();
    assert_eq!(met.len(), 16);
}

/// Three looks: the whole support as it is, then twice varied; the queries likewise; labels with them.
#[test]
fn further_looks_are_varied_each_in_its_own_way() {
    let pool = pool(&[5, 5, 5]);
    let ids = ids(&pool, 1);
    let shape = EpisodeShape { ways: 2, shots: 2, queries: 1 };
    let sampler = EpisodeSampler::new(&pool, &ids, shape).unwrap();
    let chain: Augmentations = "affine=20,0.2,0.2,1".parse().unwrap();
    let filled = |looks| {
        let mut batch = EpisodeBatch::new();
        let variations = Variations { looks, ..Variations::default() };
        sampler.fill(&mut batch, &Stream::new(4), 3, 2, variations).unwrap();
        batch
    };
    let (plain, looked) = (filled(None), filled(Some((2, &chain))));
    assert_eq!((plain.looks(), plain.supports(), plain.queries()), (1, 4, 2));
    assert_eq!((looked.looks(), looked.supports(), looked.queries()), (3, 12, 6));
    let size = plain.shape().inputs();
    let picture = |batch: &EpisodeBatch, place: usize| batch.images()[place * size..(place + 1) * size].to_vec();
    for episode in 0..2 {
        for (place, from) in (0..4).map(|s| (s, s)).chain((4..6).map(|q| (q, q + 8))) {
            let of = if place < 4 { 4 } else { 2 };
            let looks: Vec<Vec<f32>> = (0..3).map(|l| picture(&looked, episode * 18 + from + l * of)).collect();
            assert_eq!(looks[0], picture(&plain, episode * 6 + place));
            assert!(looks[1] != looks[0] && looks[2] != looks[0] && looks[2] != looks[1]);
            let labels = |look: usize| looked.labels()[episode * 18 + from + look * of];
            assert!((0..3).all(|look| labels(look) == plain.labels()[episode * 6 + place]));
        }
    }
}

#[test]
fn samplers_that_could_not_draw_are_refused() {
    let pool = pool(&[5, 5, 3]);
    let all = ids(&pool, 1);
    let error = |classes: &[ClassId], ways, shots, queries| {
        let error = EpisodeSampler::new(&pool, classes, EpisodeShape { ways, shots, queries }).unwrap_err();
        assert!(!error.hint().unwrap().is_empty());
        error
    };
    for (shape, what) in [([0, 1, 1], "ways"), ([1, 0, 1], "shots"), ([1, 1, 0], "queries")] {
        let [ways, shots, queries] = shape;
        let found = error(&all, ways, shots, queries).to_string();
        assert_eq!(found, format!("{what} of an episode = 0: expected at least 1"));
    }
    let few = error(&all, 4, 1, 1);
    assert_eq!(few.to_string(), "made: 3 classes, but an episode has 4 ways");
    let few = error(&all, 2, 3, 1);
    let says = "made: class class2 has 3 pictures, but an episode takes 3 to learn from and 1 to judge by";
    assert_eq!((few.to_string(), few.hint().unwrap().contains("at most 3 shots and queries")), (says.into(), true));
    error(&all, 2, usize::MAX, 1);
    error(&[], 1, 1, 1);
    for (class, quarter_turns) in [(3, 0), (0, 4)] {
        let missing = error(&[ClassId { class, quarter_turns }], 1, 1, 1);
        assert!(matches!(missing, DataError::Episodes(EpisodeError::NoSuchClass { classes: 3, .. })), "{missing}");
    }
    let twice = error(&[all[0], all[1], all[0]], 2, 1, 1);
    assert!(matches!(twice, DataError::Episodes(EpisodeError::Twice { id, .. }) if id == all[0]), "{twice}");
    let class = PictureClass { name: "a".into(), pictures: 0..2 };
    let wide = PictureClasses::new("wide", [1, 2], vec![class], vec![1, 2, 3, 4]).unwrap();
    let shape = EpisodeShape { ways: 1, shots: 1, queries: 1 };
    let error = EpisodeSampler::new(&wide, &[ClassId { class: 0, quarter_turns: 3 }], shape).unwrap_err();
    assert!(matches!(error, DataError::Episodes(EpisodeError::NotSquare { .. })), "{error}");
    let ids = [ClassId { class: 0, quarter_turns: 2 }];
    let mut batch = EpisodeBatch::new();
    EpisodeSampler::new(&wide, &ids, shape)
        .unwrap()
        .fill(&mut batch, &Stream::new(1), 0, 1, Variations::default())
        .unwrap();
    assert!(batch.images().chunks(2).all(|image| image[0] > image[1]), "half a turn of 1, 2 and 3, 4");
}
