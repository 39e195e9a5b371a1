//! The labels of DVS128 Gesture: which gesture is shown when.
//!
//! ```text
//! class,startTime_usec,endTime_usec
//! 1,80048239,85092709
//! ```
//!
//! Classes count from 1; times are those of the recording beside the labels (AEDAT 3.1).
//!
//! # References
//! A. Amir et al. (2017), "A low power, fully event-based gesture recognition system", doi:10.1109/CVPR.2017.781.

use std::{io::Read, ops::Range, path::Path};

use crate::{DataError, Event, events::EventFault};

/// The classes of the data set, in the order of their numbers.
pub const CLASS_NAMES: [&str; 11] = [
    "hand clapping",
    "right hand wave",
    "left hand wave",
    "right arm clockwise",
    "right arm counter clockwise",
    "left arm clockwise",
    "left arm counter clockwise",
    "arm roll",
    "air drums",
    "air guitar",
    "other gestures",
];

/// More than any labels file has; the data set's have about 13 lines.
const CAP_BYTES: u64 = 1 << 20;

/// One gesture of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gesture {
    /// Class, from 0.
    pub class: u8,
    /// When it is shown, in microseconds.
    pub span_us: Range<u64>,
}

impl Gesture {
    /// Its events among those of its recording, which are in order of time.
    pub fn events<'a>(&self, events: &'a [Event]) -> &'a [Event] {
        let place = |t_us: u64| events.partition_point(|event| event.t_us < t_us);
        events.get(place(self.span_us.start)..place(self.span_us.end)).unwrap_or_default()
    }
}

/// Reads a labels file; `name` stands for it in errors.
///
/// # Errors
/// A line that is no label, a class that does not exist, a gesture that ends before it begins; whatever `source` answers.
pub fn read_labels(source: impl Read, name: &Path) -> Result<Vec<Gesture>, DataError> {
    let mut bytes = Vec::new();
    let read = source.take(CAP_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| DataError::Io { file: name.into(), action: "read", source })?;
    let error = |offset: usize, fault| DataError::Events { file: name.into(), offset: Some(offset as u64), fault };
    if bytes.len() as u64 > CAP_BYTES {
        let fault = EventFault::TooLarge { what: "bytes of labels", found: bytes.len() as u64, cap: CAP_BYTES };
        return Err(error(0, fault));
    }
    let mut offset = 0;
    let mut gestures = Vec::new();
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        let text = String::from_utf8_lossy(line);
        match (index, text.trim()) {
            (_, "") => {}
            (0, heading) if heading.starts_with("class") => {}
            (_, label) => gestures.push(gesture(label, index + 1).map_err(|fault| error(offset, fault))?),
        }
        offset += line.len() + 1;
    }
    Ok(gestures)
}

fn gesture(text: &str, line: usize) -> Result<Gesture, EventFault> {
    let wrong = |expected| EventFault::Label { line, expected, found: text.chars().take(80).collect() };
    let numbers: Option<Vec<u64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let Some(&[class, start, end]) = numbers.as_deref() else {
        return Err(wrong("three whole numbers: class, start and end in microseconds"));
    };
    let class = u8::try_from(class).ok().filter(|class| (1..=CLASS_NAMES.len()).contains(&usize::from(*class)));
    let class = class.ok_or_else(|| wrong("a class from 1 to 11"))? - 1;
    if start >= end {
        return Err(wrong("a start before the end"));
    }
    Ok(Gesture { class, span_us: start..end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Polarity;

    fn read(text: &str) -> Result<Vec<Gesture>, DataError> {
        read_labels(text.as_bytes(), Path::new("user01_labels.csv"))
    }

    #[test]
    fn labels_cut_a_recording() {
        let gestures = read("class,startTime_usec,endTime_usec\r\n2,100,200\r\n11,300,301\n").unwrap();
        assert_eq!(gestures, [Gesture { class: 1, span_us: 100..200 }, Gesture { class: 10, span_us: 300..301 }]);
        let event = |t_us| Event { t_us, x: 0, y: 0, polarity: Polarity::On };
        let events = [99, 100, 150, 199, 200, 300].map(event);
        assert_eq!(gestures[0].events(&events), &events[1..4]);
        assert_eq!(gestures[1].events(&events), &events[5..]);
        assert_eq!(read("1,5,6").unwrap().len(), 1, "a heading may be absent");
    }

    #[test]
    fn wrong_lines_are_named() {
        for (text, needle) in [
            ("class,a,b\n12,1,2\n", "line 2: expected a class from 1 to 11"),
            ("0,1,2\n", "class"),
            ("1,2,2\n", "a start before the end"),
            ("1,2\n", "three whole numbers"),
            ("1,2,x\n", "found `1,2,x`"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(needle), "{message}");
        }
        let long = "9".repeat(2 << 20);
        assert!(read(&long).unwrap_err().to_string().contains("more than the allowed"));
    }
}
