//! Buffers that are read here and there, on huge pages where the system has them.
//!
//! A product over synapses reads some hundred bytes for each synapse, anywhere in a buffer of a megabyte. On pages of 4 KiB
//! most of these reads wait until the address of their page is found; one huge page has one address.

use std::ops::{Deref, DerefMut};

/// Bytes of a huge page, on most machines.
const PAGE: usize = 1 << 21;
/// Bytes from which a buffer is worth one.
const LEAST: usize = PAGE / 8;

/// Numbers, on huge pages if there are many and the system agrees.
#[derive(Debug)]
pub(super) struct Pages<F> {
    /// More than is used: the pages begin at a multiple of their size.
    store: Vec<F>,
    start: usize,
    len: usize,
}

impl<F> Default for Pages<F> {
    fn default() -> Self {
        Pages { store: Vec::new(), start: 0, len: 0 }
    }
}

impl<F: Copy + Default> Pages<F> {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let (zero, size) = (F::default(), size_of::<F>());
        if len * size < LEAST {
            return Pages { store: vec![zero; len], start: 0, len };
        }
        let (page, whole) = (PAGE / size, len.next_multiple_of(PAGE / size));
        // Memory of this size comes from the system untouched, so that its pages are not chosen yet.
        let mut store = vec![zero; whole + page];
        let start = store.as_ptr().align_offset(PAGE).min(page);
        ask_for_huge_pages(&mut store[start..start + whole]);
        Pages { store, start, len }
    }

    /// Makes the buffer `len` long; what it holds is of no interest.
    pub fn fit(&mut self, len: usize) {
        if self.start + len <= self.store.len() {
            self.len = len;
        } else {
            *self = Pages::zeros(len);
        }
    }
}

#[cfg(target_os = "linux")]
fn ask_for_huge_pages<F>(values: &mut [F]) {
    use rustix::mm::{Advice, madvise};
    // A kernel without huge pages refuses, and the usual ones do.
    // SAFETY: the range is that of `values`, which is borrowed exclusively, and the advice changes neither what it holds nor
    // who may read it.
    let _ = unsafe { madvise(values.as_mut_ptr().cast(), size_of_val(values), Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages<F>(_: &mut [F]) {}

impl<F> Deref for Pages<F> {
    type Target = [F];

    fn deref(&self) -> &[F] {
        &self.store[self.start..self.start + self.len]
    }
}

impl<F> DerefMut for Pages<F> {
    fn deref_mut(&mut self) -> &mut [F] {
        &mut self.store[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small and large, odd sizes: zeros as many as asked for, each kept, and large ones begin on a page.
    #[test]
    fn buffers_hold_what_is_written() {
        for len in [0, 1, 1000, LEAST / 8, LEAST / 4 + 3, PAGE / 4, PAGE / 4 + 1] {
            let mut pages = Pages::<f32>::zeros(len);
            assert!(pages.len() == len && pages.iter().all(|&value| value == 0.0));
            pages.iter_mut().enumerate().for_each(|(i, value)| *value = i as f32);
            assert!(pages.iter().enumerate().all(|(i, &value)| value == i as f32));
            assert!(len * 4 < LEAST || pages.as_ptr().align_offset(PAGE) == 0);
        }
    }

    /// A buffer that shrinks and grows keeps its memory while that suffices.
    #[test]
    fn buffers_fit() {
        let mut pages = Pages::<f64>::zeros(LEAST);
        let at = pages.as_ptr();
        for len in [3, LEAST, 0, LEAST / 2] {
            pages.fit(len);
            assert_eq!((pages.len(), pages.as_ptr()), (len, at));
        }
        pages.fit(PAGE);
        assert_eq!(pages.len(), PAGE);
    }
}
