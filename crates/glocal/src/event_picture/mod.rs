//! Pictures of events: what a recording shows, window by window.
//!
//! A PNG shows the windows side by side in reading order, a GIF one after the other. Blue is On (brighter), orange Off
//! (darker), on white; a pixel with both is dark. A bar below each window says where in the recording it lies.

mod draw;
mod windows;

use std::path::Path;

use glocal_data::Recording;

use crate::GlocalError;
use draw::Canvas;
use windows::Windows;

/// Windows of a picture whose window length is not given.
const PNG_WINDOWS: u64 = 6;
const GIF_WINDOWS: u64 = 20;
/// Most windows of a picture: more would make a file that no viewer likes.
const PNG_WINDOWS_CAP: u64 = 120;
const GIF_WINDOWS_CAP: u64 = 1500;
/// Longer side of a window in a sheet and in an animation, about; small sensors are magnified to it.
const PNG_SIDE: usize = 280;
const GIF_SIDE: usize = 640;

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// Windows side by side.
    Png,
    /// Windows one after the other.
    Gif,
}

impl PictureKind {
    /// The picture that the extension of `path` asks for.
    ///
    /// # Errors
    /// Neither `.png` nor `.gif`.
    pub fn of(path: &Path) -> Result<PictureKind, GlocalError> {
        match path.extension().map(|e| e.to_ascii_lowercase()) {
            Some(e) if e == "png" => Ok(PictureKind::Png),
            Some(e) if e == "gif" => Ok(PictureKind::Gif),
            _ => Err(GlocalError::Usage {
                message: format!("{} is neither a .png nor a .gif", path.display()),
                hint: "name the picture with one of these endings".into(),
            }),
        }
    }

    fn window_us(self, span_us: u64, asked_us: Option<u64>) -> Result<u64, GlocalError> {
        let (usual, cap) = match self {
            PictureKind::Png => (PNG_WINDOWS, PNG_WINDOWS_CAP),
            PictureKind::Gif => (GIF_WINDOWS, GIF_WINDOWS_CAP),
        };
        let window_us = asked_us.unwrap_or(span_us.div_ceil(usual)).max(1);
        let count = span_us.div_ceil(window_us);
        if count <= cap {
            return Ok(window_us);
        }
        Err(GlocalError::Usage {
            message: format!("windows of {} ms cut the recording into {count} parts", window_us as f64 / 1e3),
            hint: format!("give --window-ms {} or more", span_us.div_ceil(cap).div_ceil(1000)),
        })
    }
}

/// A finished picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Windows shown.
    pub windows: usize,
    /// Length of a window in microseconds.
    pub window_us: u64,
}

/// Draws a recording; windows are `window_us` long if given, else such that there are 6 (PNG) or 20 (GIF).
///
/// # Errors
/// More windows than a picture can hold.
pub fn draw(recording: &Recording, kind: PictureKind, window_us: Option<u64>) -> Result<Picture, GlocalError> {
    let span = recording.span_us();
    let window_us = kind.window_us(span.end - span.start, window_us)?;
    let side = match kind {
        PictureKind::Png => PNG_SIDE,
        PictureKind::Gif => GIF_SIDE,
    };
    let windows = Windows::new(recording, window_us, side);
    let canvas = Canvas::new(&windows, side);
    let encoded = match kind {
        PictureKind::Png => canvas.sheet(&windows),
        PictureKind::Gif => canvas.animation(&windows),
    };
    let (bytes, width, height) = encoded.map_err(|message| GlocalError::Usage {
        message: format!("the picture cannot be drawn: {message}"),
        hint: "give a larger --window-ms".into(),
    })?;
    Ok(Picture { bytes, width, height, windows: windows.count(), window_us })
}
