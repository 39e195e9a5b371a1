//! The examples do what they say.

#[path = "../examples/01_one_neuron.rs"]
mod one_neuron;
#[path = "../examples/02_own_neuron.rs"]
mod own_neuron;
#[path = "../examples/03_own_rule.rs"]
mod own_rule;
#[expect(dead_code, reason = "its main takes arguments")]
#[path = "../examples/page_pictures.rs"]
mod page_pictures;
#[path = "../examples/04_train_in_code.rs"]
mod train_in_code;

#[test]
fn the_examples_run() {
    one_neuron::main();
    own_neuron::main().unwrap();
    own_rule::main().unwrap();
    train_in_code::main().unwrap();
}

#[test]
fn an_own_neuron_learns() {
    let (_, losses) = own_neuron::train(2).unwrap();
    // Chance is ln 10 = 2.30.
    assert!(losses[0] < 1.5 && losses[1] < 0.8 * losses[0], "{losses:?}");
}

#[test]
fn an_own_rule_learns_and_is_learned() {
    let mut learner = own_rule::learner().unwrap();
    let before = learner.params()[0].clone();
    let losses = [0, 1].map(|epoch| own_rule::train(&mut learner, epoch).unwrap());
    assert!(losses[1] < 0.8 * losses[0], "{losses:?}");
    let after = &learner.params()[0];
    let pairs = [
        ("gain", &before.plasticity_gain, &after.plasticity_gain),
        ("rate", &before.local_learning_rate, &after.local_learning_rate),
        ("sliding threshold", &before.sliding_threshold, &after.sliding_threshold),
    ];
    for (name, before, after) in pairs {
        let moved = before.iter().zip(after).map(|(b, a)| (a - b).abs()).fold(0.0, f32::max);
        assert!(moved > 1e-4, "{name} moved by {moved}");
    }
    assert!(learner.plastic()[0].values.iter().any(|&p| p != 0.0));
}

/// Written by hand: the wide one of two drawings, with the rules for drawings and no others.
#[test]
fn a_page_s_wide_drawings_become_files() {
    let style = ":root{--ink:#000}\n.chart text{fill:var(--ink)}";
    let drawing = |width| format!("<svg class=\"chart\" viewBox=\"0 0 {width} 20\" aria-label=\"Loss, %\"><g/></svg>");
    let page = format!("<style>{style}\nbody{{margin:0}}</style><p>{}</p>{}", drawing(400), drawing(358));
    let expected = format!(
        "<svg class=\"chart\" viewBox=\"0 0 400 20\" aria-label=\"Loss, %\" width=\"400\" height=\"20\"><style>{style}</style>\
         <rect width=\"400\" height=\"20\" fill=\"#ffffff\"/><g/></svg>\n"
    );
    assert_eq!(page_pictures::pictures(&page), [("loss".to_owned(), expected)]);
}
