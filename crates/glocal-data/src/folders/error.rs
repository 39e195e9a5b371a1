//! What can be wrong with a folder that should be a data set.

use std::path::PathBuf;

use thiserror::Error;

/// Errors of data sets that are folders of files.
#[derive(Debug, Error)]
pub enum FolderError {
    /// A folder without class folders.
    #[error("{}: no class folders", folder.display())]
    NoClasses {
        /// Folder.
        folder: PathBuf,
    },
    /// A class without samples.
    #[error("{}: a class without {kind}s", folder.display())]
    EmptyClass {
        /// The class's folder.
        folder: PathBuf,
        /// What it should hold.
        kind: FileKind,
    },
    /// A class that the data set does not have, or has and the folder does not.
    #[error("{}: expected the class folders {}, found {}", folder.display(), expected.join(", "), found.join(", "))]
    WrongClasses {
        /// Folder.
        folder: PathBuf,
        /// Classes of the data set.
        expected: Vec<String>,
        /// Class folders.
        found: Vec<String>,
    },
    /// A file of another kind among the samples.
    #[error("{}: {found}, among {expected}s", file.display())]
    MixedKinds {
        /// File.
        file: PathBuf,
        /// Kind of the other samples.
        expected: FileKind,
        /// Kind of this one.
        found: FileKind,
    },
    /// A file or folder where none belongs.
    #[error("{}: does not belong here", path.display())]
    Stray {
        /// File or folder.
        path: PathBuf,
        /// What belongs there.
        expected: &'static str,
    },
    /// More entries than a data set can have.
    #[error("{}: more than {most} files and folders", folder.display())]
    TooMany {
        /// Folder.
        folder: PathBuf,
        /// Most that are allowed.
        most: usize,
    },
    /// Samples that together are larger than the caller allows.
    #[error("{}: the pictures up to here hold more than {cap} bytes unpacked", file.display())]
    TooLarge {
        /// The picture at which the limit is passed.
        file: PathBuf,
        /// Most bytes allowed.
        cap: u64,
    },
    /// A file larger than the caller allows.
    #[error("{}: {found} {what}, more than the allowed {cap}", file.display())]
    FileTooLarge {
        /// File.
        file: PathBuf,
        /// What is counted: bytes or events.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// Most allowed.
        cap: u64,
    },
    /// An archive, or a file in one, that cannot be unpacked.
    #[error("{}: cannot be unpacked: {message}", file.display())]
    Unpack {
        /// The archive, or the file in it.
        file: PathBuf,
        /// What the decoder says.
        message: String,
    },
    /// An archive, or a file in one, that is larger than any of this data set.
    #[error("{}: {found} bytes or more, allowed are {cap}", file.display())]
    EntryTooLarge {
        /// The archive, or the file in it.
        file: PathBuf,
        /// Bytes declared or read.
        found: u64,
        /// Most allowed.
        cap: u64,
    },
    /// A name in an archive that is no place in it.
    #[error("{}: the name `{}` leads out of the archive", archive.display(), entry.escape_debug())]
    LeadsOut {
        /// The archive.
        archive: PathBuf,
        /// Name found.
        entry: String,
    },
    /// Half of a data set that is there neither as an archive nor as a folder.
    #[error("{}: neither {half}.zip nor a folder {half}", folder.display())]
    NoHalf {
        /// Folder of the data set.
        folder: PathBuf,
        /// Name of the half.
        half: &'static str,
    },
    /// An alphabet that Omniglot does not have.
    #[error("{}: no alphabet `{name}`", folder.display())]
    NoAlphabet {
        /// Folder of the data set.
        folder: PathBuf,
        /// What was asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A picture that cannot be decoded.
    #[error("{}: not a readable picture: {message}", file.display())]
    Picture {
        /// File.
        file: PathBuf,
        /// What the decoder says.
        message: String,
    },
    /// A picture of another size or colour than those before it.
    #[error("{}: {found}, but {} is {expected}", file.display(), first.display())]
    PictureSize {
        /// File.
        file: PathBuf,
        /// The first picture of the set.
        first: PathBuf,
        /// Size and colour of the first.
        expected: String,
        /// Size and colour of this one.
        found: String,
    },
    /// A list of trials that names one which is not there.
    #[error("{}: line {line} names {}, which is not there", list.display(), trial.display())]
    MissingTrial {
        /// The list.
        list: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// The file that is not there.
        trial: PathBuf,
    },
    /// A line of a list or a table of labels that cannot be understood.
    #[error("{}: line {line} (at byte {offset}): expected {expected}, found `{found}`", file.display())]
    Line {
        /// File.
        file: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Where the line begins.
        offset: u64,
        /// What would be right.
        expected: &'static str,
        /// What is there, cut short if long.
        found: String,
    },
    /// A file whose length is no whole number of records.
    #[error("{}: {found} bytes are no whole number of records of {record} bytes", file.display())]
    Records {
        /// File.
        file: PathBuf,
        /// Bytes of a record.
        record: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// An event beside the sensor that the data set was recorded with.
    #[error("{}: event {event} at ({x}, {y}) lies beside the sensor of {width} x {height}", file.display())]
    BesideSensor {
        /// File.
        file: PathBuf,
        /// Event, counted from 0.
        event: usize,
        /// Its column.
        x: u16,
        /// Its row.
        y: u16,
        /// Columns of the sensor.
        width: u16,
        /// Rows of the sensor.
        height: u16,
    },
    /// A data set that must be fetched by hand and is nowhere on this machine.
    #[error("data set {name} not found: {marker} is in none of\n{}", looked_in.iter().map(|folder| format!("  {folder}")).collect::<Vec<_>>().join("\n"))]
    NotHere {
        /// Data set.
        name: &'static str,
        /// What its folder would hold.
        marker: &'static str,
        /// Folders looked in.
        looked_in: Vec<String>,
        /// Where it is published.
        page: &'static str,
        /// How its folder looks.
        layout: &'static str,
    },
    /// A data set that is not downloaded file by file.
    #[error("data set {name} is published as archives, which Glocal does not download")]
    ByHand {
        /// Data set.
        name: &'static str,
        /// Where it is published.
        page: &'static str,
        /// How its folder looks, unpacked.
        layout: &'static str,
    },
}

/// What a file holds, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A picture: PNG or JPEG.
    Picture,
    /// A recording of events.
    Recording,
    /// Neither.
    Unknown,
}

impl std::fmt::Display for FileKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FileKind::Picture => "picture",
            FileKind::Recording => "recording",
            FileKind::Unknown => "file of no known kind",
        })
    }
}

impl FolderError {
    /// What the user can do about it, for a `hint:` line.
    pub fn hint(&self) -> String {
        match self {
            FolderError::NoClasses { .. } => "give a folder that has one folder for each class".into(),
            FolderError::EmptyClass { kind, .. } => format!("put {kind}s into it, or remove it"),
            FolderError::WrongClasses { .. } => "is this the folder of another data set?".into(),
            FolderError::MixedKinds { expected, .. } => {
                format!("remove it: a set holds {expected}s or others, not both")
            }
            FolderError::Stray { expected, .. } => format!("move it away: here belong {expected}"),
            FolderError::TooMany { .. } => "is this the right folder?".into(),
            FolderError::TooLarge { .. } => "use fewer or smaller pictures".into(),
            FolderError::FileTooLarge { .. } => "is this a recording? If so, allow more with a larger limit".into(),
            FolderError::Unpack { .. } | FolderError::EntryTooLarge { .. } | FolderError::LeadsOut { .. } => {
                "is this the published archive, whole and unchanged? Download it again from the data set's page".into()
            }
            FolderError::NoHalf { half, .. } => {
                format!("put {half}.zip there, as published: `glocal data list` shows the data set's page")
            }
            FolderError::NoAlphabet { known, .. } => format!("known are {}", known.join(", ")),
            FolderError::Picture { .. } => "replace or remove the file: PNG and JPEG are read".into(),
            FolderError::PictureSize { .. } => "scale and convert the pictures to one size and colour first".into(),
            FolderError::MissingTrial { .. } => {
                "unpack the whole archive, or take the line out of a copy of the list".into()
            }
            FolderError::Line { expected, .. } => format!("is this the right file? Each line holds {expected}"),
            FolderError::Records { .. } => "the file is damaged or of another format: unpack the archive again".into(),
            FolderError::BesideSensor { .. } => "is this a recording of this data set?".into(),
            FolderError::NotHere { name, page, layout, .. } | FolderError::ByHand { name, page, layout } => format!(
                "download it from {page}; the folder {name} of --data DIR or GLOCAL_DATA must then hold {layout}"
            ),
        }
    }
}
