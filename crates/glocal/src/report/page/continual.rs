//! Continual learning: what is left of earlier tasks, what it cost, and whether tasks are told apart.

use maud::{Markup, html};

use super::table::{MOST_ROWS, Table, caption, scrolling};
use crate::report::data::{Continual, ContinualMethod, Fall, TaskMatrix, UnnamedAccuracy};
use crate::report::figures::course::{Look, chart, course, is_worth_drawing, looks};
use crate::report::figures::tasks::{self, Reach};
use crate::report::format::{bytes, decimals, mean_sd, signed_mean_sd, thousands};
use crate::report::stats::Summary;
use crate::report::svg::responsive;

/// Rows and columns of a matrix that are listed: the JSON has everything.
const LISTED: usize = 50;

/// The tables, the course over the tasks and accuracy task by task.
pub(super) fn section(continual: &Continual) -> Markup {
    let Continual { setting, methods, matrices } = continual;
    let looks = looks(methods);
    let parts = [
        measures(methods, &looks),
        course_figure(methods, &looks),
        matrix_figure(matrices),
        costs(methods, &looks),
        not_told(methods, &looks),
    ];
    html! {
        @if parts.iter().any(Option::is_some) {
            section id="continual" {
                h2 { "Continual learning" }
                p {
                    "A network learns one task after the other, and what it learns later easily overwrites what it "
                    "learned before. A good method keeps the earlier tasks and still has room for new ones."
                }
                @if !setting.is_empty() { p { (setting) } }
                @for part in parts.iter().flatten() { (part) }
            }
        }
    }
}

/// One measure over all tasks.
struct Measure {
    name: &'static str,
    what: &'static str,
    of: fn(&ContinualMethod) -> &Vec<f64>,
    words: fn(&Summary) -> String,
    better: fn(f64, f64) -> f64,
}

const MEASURES: [Measure; 4] = [
    Measure {
        name: "mean accuracy",
        what: "over all tasks after the last one, in per cent",
        of: |method| &method.average,
        words: mean_sd,
        better: f64::max,
    },
    Measure {
        name: "backward transfer",
        what: "how many points later tasks changed the accuracy on earlier ones; below zero they were forgotten",
        of: |method| &method.backward_transfer,
        words: signed_mean_sd,
        better: f64::max,
    },
    Measure {
        name: "forward transfer",
        what: "how many points the tasks before it lifted a task above an untrained network",
        of: |method| &method.forward_transfer,
        words: signed_mean_sd,
        better: f64::max,
    },
    Measure {
        name: "forgetting",
        what: "how many points of the best accuracy on each task are lost in the end",
        of: |method| &method.forgetting,
        words: mean_sd,
        better: f64::min,
    },
];

impl Measure {
    fn mean(&self, method: &ContinualMethod) -> Option<f64> {
        Summary::of((self.of)(method)).mean.filter(|mean| mean.is_finite())
    }

    /// The best mean among methods that are told as much; `None` where a single one leaves nothing to compare.
    fn best(&self, methods: &[ContinualMethod], told: bool) -> Option<f64> {
        let means = || methods.iter().filter(|method| method.told == told).filter_map(|method| self.mean(method));
        means().reduce(self.better).filter(|_| means().count() > 1)
    }

    fn cell(&self, method: &ContinualMethod, methods: &[ContinualMethod]) -> Markup {
        let words = (self.words)(&Summary::of((self.of)(method)));
        let mean = self.mean(method);
        html! { @if mean.is_some() && mean == self.best(methods, method.told) { strong { (words) } } @else { (words) } }
    }
}

/// A row per method; measures that nobody took are left out.
fn measures(methods: &[ContinualMethod], looks: &[Look]) -> Option<Markup> {
    let is_taken = |measure: &&Measure| methods.iter().any(|method| !(measure.of)(method).is_empty());
    let taken: Vec<_> = MEASURES.iter().filter(is_taken).collect();
    let is_mixed = methods.iter().any(|method| method.told) && methods.iter().any(|method| !method.told);
    let words = format!(
        "What is left after the last task, mean ± standard deviation over seeds. Bold: the best of each column{}.",
        if is_mixed { ", of methods that are told the task and of the others" } else { "" }
    );
    let body = html! {
        (caption(&words))
        thead {
            tr {
                th { "" }
                th scope="col" { "task told" }
                @for measure in &taken { th scope="col" { (measure.name) } }
            }
        }
        tbody {
            @for (method, look) in methods.iter().zip(looks) {
                tr {
                    (name(method, look))
                    td { (if method.told { "yes" } else { "no" }) }
                    @for measure in &taken { td { (measure.cell(method, methods)) } }
                }
            }
        }
    };
    let explained = taken.iter().map(|measure| (measure.name, measure.what));
    (!taken.is_empty()).then(|| {
        html! {
            (scrolling(&words, &body))
            ul.terms {
                li { strong { "task told" } ": whether the network is told which task a test image belongs to" }
                @for (name, what) in explained { li { strong { (name) } ": " (what) } }
            }
        }
    })
}

/// The head of a method's row: its line and marker as in the figure, and its name.
fn name(method: &ContinualMethod, look: &Look) -> Markup {
    html! {
        th scope="row" { (swatch(look)) (method.label) }
    }
}

/// A line and its marker as in the figure.
pub(super) fn swatch(look: &Look) -> Markup {
    html! {
        svg.chart.swatch viewBox="0 0 24 14" aria-hidden="true" {
            g class=(look.class()) {
                path.line d="M1 7L23 7" {}
                (look.point((12.0, 7.0), 4.5, ""))
            }
        }
    }
}

fn course_figure(methods: &[ContinualMethod], looks: &[Look]) -> Option<Markup> {
    let has_bands = methods.iter().any(|method| method.course.len() > 1);
    is_worth_drawing(methods).then(|| {
        html! {
            figure {
                (responsive(|layout| chart(methods, looks, layout)))
                figcaption {
                    "Mean accuracy over the tasks learned so far, after each of them. Look at the right end: a line "
                    "that is still high there has kept its earlier tasks."
                    @if has_bands { " Bands are one standard deviation over seeds." }
                    " The vertical axis need not start at zero."
                }
                (course_table(methods).folded())
            }
        }
    })
}

fn course_table(methods: &[ContinualMethod]) -> Table<'static> {
    let courses: Vec<_> = methods.iter().map(|method| (&method.label, course(method))).collect();
    let courses: Vec<_> = courses.into_iter().filter(|(_, course)| !course.is_empty()).collect();
    let tasks = courses.iter().map(|(_, course)| course.len()).max().unwrap_or(0);
    let row = |task: usize| {
        let cells = courses.iter().map(|(_, course)| course.get(task).map_or("–".to_owned(), mean_sd));
        std::iter::once((task + 1).to_string()).chain(cells).collect()
    };
    Table {
        caption: "Mean accuracy over the tasks learned so far in per cent, mean ± standard deviation over seeds",
        heads: std::iter::once("tasks".to_owned()).chain(courses.iter().map(|(label, _)| (*label).clone())).collect(),
        rows: (0..tasks.min(MOST_ROWS)).map(row).collect(),
    }
}

/// The matrices side by side on one colour scale; a lone one has its words beside it.
fn matrix_figure(matrices: &[TaskMatrix]) -> Option<Markup> {
    let shown: Vec<&TaskMatrix> = matrices.iter().filter(|matrix| matrix.is_measured()).collect();
    let reach = Reach::of(&shown);
    let lost = shown.iter().flat_map(|matrix| matrix.accuracies()).filter(|a| !a.percent.is_finite()).count();
    (!shown.is_empty()).then(|| {
        html! {
            figure {
                div class=(if shown.len() == 1 { "tasks lone" } else { "tasks" }) {
                    @for matrix in &shown {
                        div {
                            h3 { (matrix.label) }
                            div { (responsive(|layout| tasks::chart(matrix, &reach, layout))) }
                            div.in-words { (in_words(matrix)) (matrix_table(matrix).folded()) }
                        }
                    }
                }
                figcaption {
                    "Accuracy task by task: a row after each task, a column on each task; the stronger the colour, "
                    "the higher the accuracy. Follow a column downwards from the diagonal: where it pales, that task "
                    "is being forgotten. Right of the diagonal are tasks that were not learned yet."
                    @if lost > 0 { " Not finite and shown in red: " (lost) "." }
                }
            }
        }
    })
}

fn in_words(matrix: &TaskMatrix) -> Markup {
    let falls = matrix.falls();
    let mean = |end: fn(&Fall) -> f64| falls.iter().map(end).sum::<f64>() / falls.len() as f64;
    let points = |fall: &&Fall| fall.from - fall.to;
    let steepest = falls.iter().max_by(|a, b| points(a).total_cmp(&points(b))).filter(|fall| points(fall) > 0.0);
    html! {
        @if falls.len() > 1 {
            p {
                "On average a task is at " (decimals(mean(|fall| fall.from), 1)) "\u{a0}% when it was just learned "
                "and at " (decimals(mean(|fall| fall.to), 1)) "\u{a0}% in the last row."
            }
            @if let Some(Fall { task, from, to }) = steepest {
                p {
                    "Task " (task + 1) " fell furthest, from " (decimals(*from, 1)) "\u{a0}% to "
                    (decimals(*to, 1)) "\u{a0}%."
                }
            }
        }
    }
}

fn matrix_table(matrix: &TaskMatrix) -> Table<'static> {
    let tasks = matrix.tasks().min(LISTED);
    let row = |(after, row): (usize, &Vec<f64>)| {
        let cells = (0..tasks).map(|on| row.get(on).map_or("–".to_owned(), |percent| decimals(*percent, 1)));
        std::iter::once((after + 1).to_string()).chain(cells).collect()
    };
    Table {
        caption: "Accuracy in per cent after each task (rows) on each task (columns)",
        heads: std::iter::once("after".to_owned()).chain((1..=tasks).map(|task| task.to_string())).collect(),
        rows: matrix.rows.iter().take(LISTED).enumerate().map(row).collect(),
    }
}

/// One thing that a method needs.
struct Cost {
    name: &'static str,
    is_known: fn(&ContinualMethod) -> bool,
    words: fn(&ContinualMethod) -> String,
}

const COSTS: [Cost; 4] = [
    Cost { name: "trained weights", is_known: |method| method.weights > 0, words: |method| count(method.weights) },
    Cost {
        name: "kept beside them",
        is_known: |method| method.memory_bytes > 0,
        words: |method| if method.memory_bytes == 0 { "nothing".to_owned() } else { bytes(method.memory_bytes) },
    },
    Cost {
        name: "operations per image",
        is_known: |method| method.operations > 0,
        words: |method| count(method.operations),
    },
    Cost {
        name: "training, minutes",
        is_known: |method| !method.minutes.is_empty(),
        words: |method| mean_sd(&Summary::of(&method.minutes)),
    },
];

/// A count where 0 stands for unknown.
fn count(value: u64) -> String {
    if value == 0 { "–".to_owned() } else { thousands(value) }
}

/// A row per method; what is known of none is left out.
fn costs(methods: &[ContinualMethod], looks: &[Look]) -> Option<Markup> {
    let words = "What each method needs: trained weights of all tasks together, what it keeps beside them for the \
        sake of earlier tasks, operations of trained weights for one image, and the time of the whole training.";
    let known: Vec<_> = COSTS.iter().filter(|cost| methods.iter().any(cost.is_known)).collect();
    let body = html! {
        (caption(words))
        thead { tr { th { "" } @for cost in &known { th scope="col" { (cost.name) } } } }
        tbody {
            @for (method, look) in methods.iter().zip(looks) {
                tr { (name(method, look)) @for cost in &known { td { ((cost.words)(method)) } } }
            }
        }
    };
    (!known.is_empty()).then(|| html! { h3 { "What it takes" } (scrolling(words, &body)) })
}

/// The methods that were also judged without telling them the task.
fn not_told(methods: &[ContinualMethod], looks: &[Look]) -> Option<Markup> {
    let all = methods.iter().zip(looks);
    let judged: Vec<_> = all.filter_map(|(method, look)| Some((method, look, method.unnamed.as_ref()?))).collect();
    let words = "Accuracy in per cent where the network has to find out the task of an image; in brackets the share \
        of images whose task was found. Mean ± standard deviation over seeds where the task is told.";
    let body = html! {
        (caption(words))
        thead { tr { th { "" } @for head in ["told", "by confidence", "by energy"] { th scope="col" { (head) } } } }
        tbody {
            @for (method, look, unnamed) in &judged {
                tr {
                    (name(method, look))
                    td { @if method.told { (mean_sd(&Summary::of(&method.average))) } @else { "–" } }
                    td { (found(unnamed.by_confidence)) }
                    td { (found(unnamed.by_energy)) }
                }
            }
        }
    };
    (!judged.is_empty()).then(|| {
        html! {
            h3 { "Not told the task" }
            p {
                (HOW_BELIEVED)
                @if let Some(images) = images(judged.iter().map(|(.., unnamed)| *unnamed)) {
                    " Judged by " (images) " of each task."
                }
            }
            (scrolling(words, &body))
        }
    })
}

/// How a network finds out the task of an image.
pub(super) const HOW_BELIEVED: &str = "The network answers once as if the image belonged to each task, and one task is \
    believed: by confidence the one in which it is surest of its answer, by energy the one in which its outputs are \
    strongest taken together.";

fn found([accuracy, share]: [f64; 2]) -> Markup {
    html! { (decimals(accuracy, 1)) span.delta { "(" (decimals(share, 1)) ")" } }
}

/// `200 test images`, or `100 to 200 test images`.
fn images<'a>(judged: impl Iterator<Item = &'a UnnamedAccuracy>) -> Option<String> {
    let counts: Vec<usize> = judged.map(|unnamed| unnamed.images).filter(|images| *images > 0).collect();
    let (fewest, most) = (counts.iter().min()?, counts.iter().max()?);
    Some(if fewest == most { format!("{most} test images") } else { format!("{fewest} to {most} test images") })
}
