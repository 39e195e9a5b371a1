//! Oracles: pictures written here, pixel by pixel, and CIFAR-10's records byte by byte.

use std::{fs, path::Path};

use glocal_data::folders::{FileKind, FolderError, picture_folder, picture_folders};
use glocal_data::{Batch, DataError, ImageDataset, ImageShape, Locations, Split, cifar, registry};
use image::{GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage};
use tempfile::TempDir;

use crate::{gzip, write};

fn save(image: impl Into<image::DynamicImage>, path: &Path, format: ImageFormat) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.into().save_with_format(path, format).unwrap();
}

fn grey(levels: [u8; 6]) -> GrayImage {
    GrayImage::from_vec(3, 2, levels.to_vec()).unwrap()
}

fn error_of(result: Result<ImageDataset, DataError>) -> FolderError {
    match result.unwrap_err() {
        DataError::Folder(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn grey_pictures_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    save(grey([0, 1, 2, 3, 4, 255]), &at("cat/2.png"), ImageFormat::Png);
    save(grey([9; 6]), &at("cat/10.png"), ImageFormat::Png);
    let transparent = GrayAlphaImage::from_pixel(3, 2, LumaA([7, 0]));
    save(transparent, &at("dog/1.png"), ImageFormat::Png);
    let deep = ImageBuffer::<Luma<u16>, _>::from_pixel(3, 2, Luma([0x8080]));
    save(deep, &at("dog/2.png"), ImageFormat::Png);
    let set = picture_folder("own", folder.path()).unwrap();
    assert_eq!((set.shape(), set.classes(), set.labels()), (ImageShape::grey(2, 3), 2, &[0u8, 0, 1, 1][..]));
    assert_eq!(set.pixels(), [[0, 1, 2, 3, 4, 255], [9; 6], [7; 6], [0x80; 6]].concat());
    assert_eq!(set.to_string(), "own: 4 images of 2x3 in 2 classes");
}

#[test]
fn colour_pictures_become_planes() {
    let folder = tempfile::tempdir().unwrap();
    let colour = RgbImage::from_fn(2, 2, |x, y| Rgb([10 * x as u8, 20 * y as u8, 99]));
    save(colour, &folder.path().join("a/1.png"), ImageFormat::Png);
    let set = picture_folder("own", folder.path()).unwrap();
    assert_eq!(set.shape(), ImageShape { channels: 3, height: 2, width: 2 });
    assert_eq!(set.pixels(), [0, 10, 0, 10, 0, 0, 20, 20, 99, 99, 99, 99]);
    let mut batch = Batch::new();
    set.gather(&[0], &mut batch).unwrap();
    assert_eq!((batch.inputs(), batch.shape()), (12, set.shape()));
    let luminance = 0.299 * 10.0 + 0.587 * 20.0 + 0.114 * 99.0;
    assert!((set.grey(0).unwrap()[3] - luminance / 255.0).abs() < 1e-6);
}

/// JPEG loses little of an even area.
#[test]
fn jpeg_is_read_whatever_its_name_says() {
    let folder = tempfile::tempdir().unwrap();
    let even = RgbImage::from_pixel(16, 16, Rgb([200, 100, 50]));
    save(even.clone(), &folder.path().join("a/1.jpg"), ImageFormat::Jpeg);
    save(even, &folder.path().join("a/2.png"), ImageFormat::Jpeg);
    let set = picture_folder("own", folder.path()).unwrap();
    for (plane, level) in set.pixels().chunks(256).zip([200_u8, 100, 50].repeat(2)) {
        assert!(plane.iter().all(|found| found.abs_diff(level) <= 3), "{} for {level}", plane[0]);
    }
}

#[test]
fn pictures_that_do_not_fit_are_refused_by_name() {
    let with = |spoil: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        save(grey([1; 6]), &folder.path().join("a/1.png"), ImageFormat::Png);
        spoil(folder.path());
        let error = error_of(picture_folder("own", folder.path()));
        assert!(!error.hint().is_empty());
        error
    };
    let larger = with(&|folder| save(GrayImage::new(4, 2), &folder.join("b/1.png"), ImageFormat::Png));
    assert!(matches!(&larger, FolderError::PictureSize { .. }), "{larger}");
    assert!(larger.to_string().contains("b/1.png: 2 x 4 grey, but "), "{larger}");
    let coloured = with(&|folder| save(RgbImage::new(3, 2), &folder.join("b/1.png"), ImageFormat::Png));
    assert!(coloured.to_string().contains("2 x 3 in colour"), "{coloured}");
    let text = with(&|folder| write(&folder.join("b/1.png"), b"<html>not found</html>"));
    assert!(matches!(&text, FolderError::Picture { file, .. } if file.ends_with("b/1.png")), "{text}");
    let cut = with(&|folder| {
        let whole = fs::read(folder.join("a/1.png")).unwrap();
        write(&folder.join("b/1.png"), &whole[..whole.len() - 20]);
    });
    assert!(matches!(cut, FolderError::Picture { .. }), "{cut}");
    let mixed = with(&|folder| write(&folder.join("a/2.bin"), b"events"));
    assert!(matches!(mixed, FolderError::MixedKinds { found: FileKind::Recording, .. }), "{mixed}");
    let empty = with(&|folder| fs::create_dir(folder.join("b")).unwrap());
    assert!(matches!(empty, FolderError::EmptyClass { .. }), "{empty}");
    assert!(matches!(
        error_of(picture_folder("own", tempfile::tempdir().unwrap().path())),
        FolderError::NoClasses { .. }
    ));
}

/// A header that promises 2^31 x 2^31 pixels costs nothing.
#[test]
fn a_picture_bomb_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    save(grey([1; 6]), &folder.path().join("a/1.png"), ImageFormat::Png);
    let mut bytes = fs::read(folder.path().join("a/1.png")).unwrap();
    bytes[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    let sum = crc.sum().to_be_bytes();
    bytes[29..33].copy_from_slice(&sum);
    write(&folder.path().join("a/1.png"), &bytes);
    assert!(matches!(error_of(picture_folder("own", folder.path())), FolderError::Picture { .. }));
}

#[test]
fn halves_must_have_the_same_classes_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["train/a/1.png", "train/b/1.png", "train/b/2.png", "test/a/1.png"] {
        save(grey([1; 6]), &at(name), ImageFormat::Png);
    }
    let error = picture_folders("own", folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Folder(FolderError::WrongClasses { .. })), "{error}");
    save(GrayImage::new(4, 4), &at("test/b/1.png"), ImageFormat::Png);
    fs::remove_file(at("test/a/1.png")).unwrap();
    save(GrayImage::new(4, 4), &at("test/a/1.png"), ImageFormat::Png);
    let error = picture_folders("own", folder.path()).unwrap_err();
    assert!(error.to_string().contains("expected 2 x 3, found 4 x 4"), "{error}");
    for name in ["test/a/1.png", "test/b/1.png"] {
        save(grey([1; 6]), &at(name), ImageFormat::Png);
    }
    let [train, test] = picture_folders("own", folder.path()).unwrap();
    assert_eq!((train.labels(), test.labels()), (&[0u8, 1, 1][..], &[0u8, 1][..]));
}

/// Two records in each file: the label, then 1024 bytes of each colour.
fn record(label: u8, colours: [u8; 3]) -> Vec<u8> {
    std::iter::once(label).chain(colours.into_iter().flat_map(|level| [level; 1024])).collect()
}

fn tiny_cifar(under: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: String| folder.path().join(under).join(name);
    for batch in 1..=5 {
        write(&at(format!("data_batch_{batch}.bin")), &[record(batch, [batch, 20, 30]), record(9, [0; 3])].concat());
    }
    write(&at("test_batch.bin".into()), &record(3, [1, 2, 3]));
    folder
}

#[test]
fn cifar_10_is_read_from_its_binary_version() {
    for under in ["", "cifar-10-batches-bin"] {
        let folder = tiny_cifar(under);
        let train = cifar::load(folder.path(), Split::Train).unwrap();
        assert_eq!(train.to_string(), "cifar-10: 10 images of 3x32x32 in 10 classes");
        assert_eq!(train.labels(), [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]);
        let third = train.sample(4).unwrap().pixels;
        assert_eq!([third[0], third[1023], third[1024], third[2047], third[2048], third[3071]], [3, 3, 20, 20, 30, 30]);
        let test = cifar::load(folder.path(), Split::Test).unwrap();
        assert_eq!((test.len(), test.labels(), test.pixels()[2048]), (1, &[3u8][..], 3));
        write(&folder.path().join(under).join("test_batch.bin"), &gzip(&record(4, [1, 2, 3])));
        assert_eq!(cifar::load(folder.path(), Split::Test).unwrap().labels(), [4]);
    }
}

#[test]
fn damaged_cifar_10_is_refused_by_file_and_offset() {
    let folder = tiny_cifar("");
    let file = folder.path().join("data_batch_3.bin");
    let load = || cifar::load(folder.path(), Split::Train).unwrap_err();
    let whole = fs::read(&file).unwrap();
    for bytes in [&whole[..whole.len() - 1], &whole[..1], &[]] {
        write(&file, bytes);
        let error = load();
        let expected = format!("data_batch_3.bin: {} bytes are no whole number of records of 3073 bytes", bytes.len());
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
    write(&file, &[record(0, [0; 3]), record(10, [0; 3])].concat());
    assert!(matches!(load(), DataError::LabelOutOfRange { offset: 3073, sample: 1, found: 10, .. }));
    fs::remove_file(&file).unwrap();
    assert!(matches!(load(), DataError::Io { file, .. } if file.ends_with("data_batch_3.bin")));
}

#[test]
fn archived_sets_are_found_and_never_downloaded() {
    let root = tempfile::tempdir().unwrap();
    let locations = Locations { explicit: Some(root.path().into()), ..Locations::default() };
    for set in registry::archived_datasets() {
        let error = registry::find(set.name).unwrap_err();
        assert!(matches!(error, DataError::Folder(FolderError::ByHand { .. })), "{error}");
        assert!(error.hint().unwrap().contains(set.page));
        let error = locations.find_archived(set).unwrap_err();
        assert!(error.to_string().contains(&root.path().join(set.name).display().to_string()), "{error}");
        assert!(error.hint().unwrap().contains(set.layout), "{error}");
        for marker in set.markers {
            let folder = root.path().join(set.name);
            fs::create_dir_all(folder.join(marker)).unwrap();
            assert_eq!(locations.find_archived(set).unwrap(), folder);
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    let names = registry::archived_datasets().iter().map(|set| set.name);
    assert!(names.clone().is_sorted() && names.clone().all(|name| registry::archived(name).is_some()));
    assert!(registry::archived("mnist").is_none());
    let hashes =
        registry::archived_datasets().iter().flat_map(|set| set.archives).flat_map(|a| [(a.sha256, 64), (a.md5, 32)]);
    for (hash, length) in hashes {
        assert!(hash.is_none_or(|hash| hash.len() == length && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))));
    }
}
