//! Tasks against what their definitions say of each image.

use glocal_data::tasks::{TaskError, TaskKind, TaskLabels, TaskSequence, TaskSet};
use glocal_data::{DataError, ImageDataset, Split, Stream};

/// `count` images of 3 x 4 with different levels, labels 0, 1, .. in turn.
fn images(name: &str, classes: usize, count: usize) -> ImageDataset {
    let pixels = (0..count * 12).map(|i| (i * 7 % 251) as u8).collect();
    let labels = (0..count).map(|i| (i % classes) as u8).collect();
    ImageDataset::new(name, classes, [3, 4], pixels, labels).unwrap()
}

fn set(name: &str, classes: usize) -> TaskSet {
    TaskSet { train: images(name, classes, 12), test: images(name, classes, 7) }
}

fn sequence(kind: TaskKind) -> TaskSequence {
    TaskSequence::new(kind, vec![set("a", 6)], &Stream::new(3)).unwrap()
}

fn fails(kind: TaskKind, sets: Vec<TaskSet>) -> DataError {
    let error = TaskSequence::new(kind, sets, &Stream::new(3)).unwrap_err();
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
    error
}

/// One order for all images of a task, of training and test alike; another one in each task; the first as it was.
#[test]
fn permuted_tasks_are_one_order_each() {
    let tasks = sequence(TaskKind::Permuted { tasks: 4 });
    assert_eq!((tasks.len(), tasks.classes(), tasks.inputs()), (4, 6, 12));
    let plain = tasks.task(0).unwrap();
    assert_eq!(plain, set("a", 6));
    let mut orders = Vec::new();
    for task in 1..4 {
        let found = tasks.task(task).unwrap();
        // The first image's levels are all different: they tell the order.
        let first = &plain.train.pixels()[..12];
        let place = |level: &u8| first.iter().position(|other| other == level).unwrap();
        let order: Vec<usize> = found.train.pixels()[..12].iter().map(place).collect();
        for (found, plain) in [(&found.train, &plain.train), (&found.test, &plain.test)] {
            assert_eq!(found.labels(), plain.labels());
            for (found, plain) in found.pixels().chunks(12).zip(plain.pixels().chunks(12)) {
                assert!(order.iter().map(|&place| plain[place]).eq(found.iter().copied()));
            }
        }
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..12));
        orders.push(order);
    }
    assert!(orders[0] != orders[1] && orders[1] != orders[2] && orders[0] != orders[2]);
}

#[test]
fn a_longer_sequence_begins_with_the_same_tasks() {
    let (short, long) = (sequence(TaskKind::Permuted { tasks: 3 }), sequence(TaskKind::Permuted { tasks: 9 }));
    (0..3).for_each(|task| assert_eq!(short.task(task).unwrap(), long.task(task).unwrap()));
    let other = TaskSequence::new(TaskKind::Permuted { tasks: 3 }, vec![set("a", 6)], &Stream::new(4)).unwrap();
    assert_ne!(other.task(1).unwrap(), long.task(1).unwrap());
}

/// Of a square image a quarter turn is a permutation, four are none; level by level.
#[test]
fn rotated_tasks_turn_by_the_angle() {
    let pixels: Vec<u8> = (0..9).map(|i| i * 20).collect();
    let image = ImageDataset::new("square", 1, [3, 3], pixels, vec![0]).unwrap();
    let set = TaskSet { train: image.clone(), test: image.clone() };
    let kind = TaskKind::Rotated { tasks: 5, degrees: 90.0 };
    let tasks = TaskSequence::new(kind, vec![set], &Stream::new(0)).unwrap();
    let levels = |task: usize| tasks.task(task).unwrap().test.pixels().iter().map(|p| p / 20).collect::<Vec<u8>>();
    assert_eq!(levels(0), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(levels(1), [2, 5, 8, 1, 4, 7, 0, 3, 6]);
    assert_eq!(levels(2), [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(levels(4), levels(0));
}

#[test]
fn split_tasks_have_their_classes_alone() {
    for labels in [TaskLabels::Own, TaskLabels::Shared] {
        let tasks = sequence(TaskKind::Split { classes: 2, labels });
        assert_eq!((tasks.len(), tasks.classes()), (3, if labels == TaskLabels::Own { 2 } else { 6 }));
        let mut met = 0;
        for task in 0..3 {
            let TaskSet { train, test } = tasks.task(task).unwrap();
            let start = if labels == TaskLabels::Own { 0 } else { 2 * task as u8 };
            for half in [&train, &test] {
                assert!(half.labels().iter().all(|label| (start..start + 2).contains(label)));
                assert_eq!(half.classes(), tasks.classes());
            }
            met += train.len();
            // Image 2 task of the set is the first of its class.
            assert_eq!(train.pixels()[..12], images("a", 6, 12).pixels()[24 * task..][..12]);
            assert_eq!(train.labels()[0], start);
        }
        assert_eq!(met, 12);
    }
}

#[test]
fn each_set_is_a_task() {
    let sets = vec![set("a", 6), TaskSet { train: images("b", 6, 9), test: images("b", 6, 6) }];
    let tasks = TaskSequence::new(TaskKind::Sets { classes: None }, sets.clone(), &Stream::new(0)).unwrap();
    assert_eq!(tasks.len(), 2);
    (0..2).for_each(|task| assert_eq!(tasks.task(task).unwrap(), sets[task]));
    assert_eq!((0..2).map(|task| tasks.name(task).unwrap()).collect::<Vec<_>>(), ["a", "b"]);
    let error = tasks.task(2).unwrap_err();
    assert!(matches!(error, DataError::Tasks(TaskError::NoSuchTask { task: 2, tasks: 2 })), "{error}");
}

#[test]
fn sets_of_many_classes_give_the_first_of_them() {
    let sets = || vec![set("a", 6), set("b", 5)];
    let tasks = TaskSequence::new(TaskKind::Sets { classes: Some(4) }, sets(), &Stream::new(0)).unwrap();
    assert_eq!(tasks.classes(), 4);
    for (task, whole) in sets().into_iter().enumerate() {
        let cut = tasks.task(task).unwrap();
        for (cut, whole) in [(cut.train, whole.train), (cut.test, whole.test)] {
            let kept = (0_u32..).zip(whole.labels()).filter(|(_, label)| **label < 4);
            let kept: Vec<u32> = kept.map(|(number, _)| number).collect();
            assert!(kept.len() < whole.len() && !kept.is_empty());
            assert_eq!(cut.pixels(), whole.subset("part", &kept).unwrap().pixels());
        }
    }
    for classes in [0, 6] {
        let error = TaskSequence::new(TaskKind::Sets { classes: Some(classes) }, sets(), &Stream::new(0)).unwrap_err();
        assert!(matches!(error, DataError::Parameter { .. }), "{error}");
    }
}

#[test]
fn some_images_of_a_task_are_those_of_the_whole() {
    for kind in [
        TaskKind::Permuted { tasks: 3 },
        TaskKind::Rotated { tasks: 3, degrees: 30.0 },
        TaskKind::Split { classes: 2, labels: TaskLabels::Own },
    ] {
        let tasks = sequence(kind);
        for task in 0..3 {
            let whole = tasks.task(task).unwrap();
            assert_eq!(tasks.count(task, Split::Train).unwrap(), whole.train.len());
            assert_eq!(tasks.count(task, Split::Test).unwrap(), whole.test.len());
            let some = tasks.images(task, Split::Train, Some(&[3, 1])).unwrap();
            assert_eq!(some, whole.train.subset("a", &[3, 1]).unwrap());
            let split = tasks.split_validation(task, 1, &Stream::new(5)).unwrap();
            assert_eq!(split, whole.train.split_validation(1, &Stream::new(5)).unwrap());
        }
        let far = u32::MAX;
        assert!(matches!(tasks.images(1, Split::Test, Some(&[far])), Err(DataError::NoSuchSample { .. })));
        assert!(tasks.count(3, Split::Test).is_err());
    }
}

#[test]
fn sets_are_joined_in_order() {
    let (a, b) = (images("a", 3, 4), images("b", 5, 2));
    let both = a.clone().joined(&b).unwrap();
    assert_eq!((both.len(), both.classes()), (6, 5));
    assert_eq!(both.pixels(), [a.pixels(), b.pixels()].concat());
    let other = ImageDataset::new("c", 3, [1, 2], vec![0, 1], vec![0]).unwrap();
    assert!(matches!(a.joined(&other), Err(DataError::Inconsistent { .. })));
}

#[test]
fn sets_that_make_no_tasks_are_refused() {
    let sets = TaskKind::Sets { classes: None };
    assert!(matches!(fails(sets, vec![]), DataError::Tasks(TaskError::Sets { given: 0, .. })));
    let two = vec![set("a", 6), set("b", 6)];
    assert!(matches!(fails(TaskKind::Permuted { tasks: 3 }, two), DataError::Tasks(TaskError::Sets { given: 2, .. })));
    let error = fails(sets, vec![set("a", 6), set("b", 5)]);
    assert_eq!(error.to_string(), "b has 5 classes, a has 6 classes: one network learns all tasks");
    let small = ImageDataset::new("small", 6, [2, 2], vec![0; 4], vec![0]).unwrap();
    let error = fails(sets, vec![set("a", 6), TaskSet { train: small.clone(), test: small }]);
    assert_eq!(error.to_string(), "small has images of 2 x 2, a has images of 3 x 4: one network learns all tasks");
    for classes in [0, 4] {
        let kind = TaskKind::Split { classes, labels: TaskLabels::Own };
        assert!(matches!(fails(kind, vec![set("a", 6)]), DataError::Tasks(TaskError::Classes { found: 6, .. })));
    }
    for kind in [TaskKind::Permuted { tasks: 0 }, TaskKind::Rotated { tasks: 2, degrees: f64::NAN }] {
        let error = TaskSequence::new(kind, vec![set("a", 6)], &Stream::new(3)).unwrap_err();
        assert!(matches!(error, DataError::Parameter { .. }), "{error}");
    }
    // Two classes of six that no test image has.
    let test = ImageDataset::new("a", 6, [3, 4], vec![0; 12], vec![5]).unwrap();
    let kind = TaskKind::Split { classes: 2, labels: TaskLabels::Own };
    let gap = TaskSet { train: images("a", 6, 12), test };
    let tasks = TaskSequence::new(kind, vec![gap], &Stream::new(0)).unwrap();
    let error = tasks.task(0).unwrap_err();
    assert_eq!(error.to_string(), "task 0 of a has no images");
}

#[test]
fn kinds_are_read_and_written() {
    for (text, kind) in [
        (r#"{"kind":"permuted","tasks":50}"#, TaskKind::Permuted { tasks: 50 }),
        (r#"{"kind":"rotated","tasks":5,"degrees":20.0}"#, TaskKind::Rotated { tasks: 5, degrees: 20.0 }),
        (
            r#"{"kind":"split","classes":2,"labels":"shared"}"#,
            TaskKind::Split { classes: 2, labels: TaskLabels::Shared },
        ),
        (r#"{"kind":"sets"}"#, TaskKind::Sets { classes: None }),
        (r#"{"kind":"sets","classes":10}"#, TaskKind::Sets { classes: Some(10) }),
    ] {
        assert_eq!(serde_json::from_str::<TaskKind>(text).unwrap(), kind);
        assert_eq!(serde_json::to_string(&kind).unwrap(), text);
    }
    assert!(serde_json::from_str::<TaskKind>(r#"{"kind":"permuted","tasks":5,"degree":1}"#).is_err());
}
