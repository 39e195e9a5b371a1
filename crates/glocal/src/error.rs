//! What can go wrong in a run, as values: each says what, where, and what would help.

use std::io;
use std::path::{Path, PathBuf};

use glocal_core::CoreError;
use thiserror::Error;

use crate::config::problem::Problem;

/// Errors of `glocal`.
#[derive(Debug, Error)]
pub enum GlocalError {
    /// Everything that is wrong with a config.
    #[error("{}", join(.0))]
    Config(Vec<Problem>),
    /// A file could not be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What would help.
        hint: String,
    },
    /// A file could not be written; what was there before is still there.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The output folder is in use.
    #[error("output folder {} already exists and is not empty", .0.display())]
    OutputExists(PathBuf),
    /// A file of a run folder is missing or not what it should be.
    #[error("{}: {message}", .path.display())]
    RunFolder {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        message: String,
        /// What would help.
        hint: String,
    },
    /// A run was to be continued with another config.
    #[error("cannot resume {}: the config differs in {}", .run.display(), .keys.join(", "))]
    ConfigChanged {
        /// The run folder.
        run: PathBuf,
        /// The keys, with both values.
        keys: Vec<String>,
    },
    /// The science refused.
    #[error("{}{source}", .context.as_ref().map(|c| format!("{c}: ")).unwrap_or_default())]
    Core {
        /// Where: a file or the epoch.
        context: Option<String>,
        /// What it said.
        source: CoreError,
    },
    /// The chip refused.
    #[error(transparent)]
    Chip(#[from] glocal_chip::ChipError),
    /// A NIR file was refused, or a network that NIR cannot say.
    #[error("{}: {source}", .path.display())]
    Nir {
        /// The file or run folder.
        path: PathBuf,
        /// What is wrong.
        source: Box<glocal_nir::NirError>,
    },
    /// The data refused.
    #[error(transparent)]
    Data(#[from] glocal_data::DataError),
    /// The run was asked to stop, and saved.
    #[error("stopped in epoch {epoch} of {epochs}; {} is saved{}", .run.display(), .since.as_deref().map_or_else(String::new, |since| format!(" as it was before {since}")))]
    Stopped {
        /// The run folder.
        run: PathBuf,
        /// Epoch under way, from 1.
        epoch: u64,
        /// Epochs of the run.
        epochs: u64,
        /// What is begun again, where that is more than the step at hand.
        since: Option<String>,
        /// The command that goes on.
        command: String,
    },
    /// A result could not be printed.
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
    /// An option or argument makes no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What would help.
        hint: String,
    },
}

fn join(problems: &[Problem]) -> String {
    match problems {
        [one] => one.to_string(),
        many => {
            let lines: Vec<String> = many
                .iter()
                .map(|p| match &p.hint {
                    Some(hint) => format!("\n  {p}\n    hint: {hint}"),
                    None => format!("\n  {p}"),
                })
                .collect();
            format!("{} problems in the config:{}", many.len(), lines.concat())
        }
    }
}

impl GlocalError {
    /// What would help.
    pub fn hint(&self) -> Option<String> {
        match self {
            GlocalError::Config(problems) => Some(config_hint(problems)),
            GlocalError::Read { hint, .. } | GlocalError::RunFolder { hint, .. } | GlocalError::Usage { hint, .. } => {
                Some(hint.clone())
            }
            GlocalError::Write { path, source } => Some(write_hint(path, source)),
            GlocalError::OutputExists(path) => Some(format!(
                "go on with what is in {} by --resume, or choose another folder with --out",
                path.display()
            )),
            GlocalError::ConfigChanged { .. } => {
                Some("resume without a config to go on as before, or start a new run with --out".into())
            }
            GlocalError::Core { source, .. } => source.hint().map(str::to_owned),
            GlocalError::Chip(error) => Some(error.hint()),
            GlocalError::Nir { source, .. } => source.hint(),
            GlocalError::Data(error) => error.hint(),
            GlocalError::Stopped { command, .. } => Some(format!("go on from there, to the same bits: {command}")),
            GlocalError::Stdout(_) => Some("check where stdout leads; what the command wrote to files is whole".into()),
        }
    }

    /// The exit code of a process that ends with this error: 2 for what the user can put right (input, files, disk),
    /// 130 after a wish to stop, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            GlocalError::Stopped { .. } => crate::interrupt::INTERRUPTED_EXIT_CODE,
            GlocalError::Core { source: CoreError::Diverged { .. }, .. } => 1,
            GlocalError::Data(error) => data_exit_code(error),
            _ => 2,
        }
    }

    /// An error of the science, and where it happened.
    pub fn core(context: impl Into<String>) -> impl FnOnce(CoreError) -> GlocalError {
        let context = Some(context.into());
        move |source| GlocalError::Core { context, source }
    }

    /// An error about a NIR file or a run to export.
    pub fn nir(path: &Path) -> impl FnOnce(glocal_nir::NirError) -> GlocalError {
        let path = path.to_owned();
        move |source| GlocalError::Nir { path, source: Box::new(source) }
    }

    /// A failed write to `path`.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> GlocalError {
        let path = path.to_owned();
        move |source| GlocalError::Write { path, source }
    }
}

impl From<CoreError> for GlocalError {
    fn from(source: CoreError) -> Self {
        GlocalError::Core { context: None, source }
    }
}

/// A server or network that fails is nobody's bad input.
fn data_exit_code(error: &glocal_data::DataError) -> u8 {
    use glocal_data::DataError::{Connection, HttpStatus, Interrupted};
    if matches!(error, Connection { .. } | HttpStatus { .. } | Interrupted { .. }) { 1 } else { 2 }
}

fn config_hint(problems: &[Problem]) -> String {
    match problems {
        [Problem { hint: Some(hint), .. }] => hint.clone(),
        [_] => "correct the value and run again".into(),
        _ => "correct these and run again; nothing was written".into(),
    }
}

fn write_hint(path: &Path, source: &io::Error) -> String {
    let folder = path.parent().unwrap_or(path).display();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            format!("free some space for {folder}; the run is intact and can be continued with --resume")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("check that you may write to {folder}, or choose another folder with --out")
        }
        _ => format!("check {folder}, or choose another folder with --out"),
    }
}
