//! A web server for one test: answers each request as the test says, and remembers what was asked.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub file: String,
    /// First byte of the range asked for.
    pub from: Option<usize>,
}

/// What the server does with a request.
pub enum Answer {
    /// Serves these bytes, from where the request wants them.
    File(Vec<u8>),
    /// Serves these bytes from the start, whatever was asked.
    Whole(Vec<u8>),
    /// Serves `bytes` with the right length in the header, but closes the connection after `sent` of what remains.
    Cut { bytes: Vec<u8>, sent: usize },
    /// Promises a length, sends nothing, and waits.
    Silence { promised: usize, wait: Duration },
    /// Only a status.
    Status(u16),
    /// A range other than the one asked for.
    WrongRange(Vec<u8>),
    /// At most so many bytes of the range asked for, as a server may.
    Shorter { bytes: Vec<u8>, sent: usize },
    /// No length: the end of the connection is the end of the file.
    Unmeasured(Vec<u8>),
}

pub struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Runs until the test process ends; `answer` gets the request and how many came before it.
    pub fn start(answer: impl Fn(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let request = read_request(&stream);
                let before = log.lock().unwrap().len();
                log.lock().unwrap().push(request.clone());
                // The client may go away at any time.
                let _ = respond(stream, answer(&request, before), request.from);
            }
        });
        Server { address, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read_request(stream: &TcpStream) -> Asked {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let file = first.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let from =
        lines.map(|line| line.to_lowercase()).collect::<Vec<_>>().iter().find_map(|line| {
            line.strip_prefix("range: bytes=").and_then(|range| range.trim_end_matches('-').parse().ok())
        });
    Asked { file, from }
}

fn respond(mut stream: TcpStream, answer: Answer, from: Option<usize>) -> std::io::Result<()> {
    let mut head = |status: u16, rest: &str| {
        write!(stream, "HTTP/1.1 {status} Answer\r\nConnection: close\r\n{rest}\r\n")?;
        stream.try_clone()
    };
    let mut ranged = |bytes: &[u8], start: usize| match from {
        Some(_) if start >= bytes.len() => head(416, "Content-Length: 0\r\n"),
        Some(_) => {
            let (last, size, rest) = (bytes.len() - 1, bytes.len(), bytes.len() - start);
            head(206, &format!("Content-Range: bytes {start}-{last}/{size}\r\nContent-Length: {rest}\r\n"))
        }
        None => head(200, &format!("Content-Length: {}\r\n", bytes.len())),
    };
    let start = from.unwrap_or(0);
    match answer {
        Answer::File(bytes) => ranged(&bytes, start)?.write_all(bytes.get(start..).unwrap_or_default()),
        Answer::Cut { bytes, sent } => {
            let rest = bytes.get(start..).unwrap_or_default();
            ranged(&bytes, start)?.write_all(&rest[..sent.min(rest.len())])
        }
        Answer::WrongRange(bytes) => ranged(&bytes, 1)?.write_all(&bytes[1..]),
        Answer::Shorter { bytes, sent } => {
            let (end, size) = (bytes.len().min(start + sent), bytes.len());
            let range = format!("Content-Range: bytes {start}-{}/{size}\r\n", end - 1);
            head(206, &format!("{range}Content-Length: {}\r\n", end - start))?.write_all(&bytes[start..end])
        }
        Answer::Whole(bytes) => head(200, &format!("Content-Length: {}\r\n", bytes.len()))?.write_all(&bytes),
        Answer::Unmeasured(bytes) => head(200, "")?.write_all(&bytes),
        Answer::Silence { promised, wait } => {
            let stream = head(200, &format!("Content-Length: {promised}\r\n"))?;
            thread::sleep(wait);
            drop(stream);
            Ok(())
        }
        Answer::Status(status) => head(status, "Content-Length: 0\r\n").map(drop),
    }
}
