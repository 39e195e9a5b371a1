//! scratch
use glocal_core::*;
use glocal_data::*;
fn main() {
    let known = registry::find("fashion-mnist").unwrap();
    let found = Locations::of_this_machine(None).find(known).unwrap();
    let train = load(&found, Split::Train).unwrap();
    let arm = std::env::args().nth(1).unwrap();
    let epochs: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let cfg =
        glocal::RunConfig::load(std::path::Path::new(&format!("experiments/fashion-demo/{arm}.toml")), &[]).unwrap();
    let mut l = Learner::new(cfg.learner, 1).unwrap();
    let all: Vec<u32> = (0..60000).collect();
    let mut batch = Batch::new();
    for e in 0..epochs {
        l.begin_epoch(e);
        let order = epoch_order(&all, &Stream::new(1), e);
        let mut dense = [0, 0];
        for c in order.chunks(100) {
            train.gather(c, &mut batch);
            l.step(Input::Constant(batch.values()), batch.labels()).unwrap();
            for i in 0..2 {
                if l.workspace().layer(i).execution == Some(config::Execution::Dense) {
                    dense[i] += 1;
                }
            }
        }
        let lr = &l.params()[0].local_learning_rate;
        let p = &l.plastic()[0].values;
        let mx = |v: &[f32]| v.iter().fold(0f32, |m, x| m.max(x.abs()));
        let mut colmax = vec![0f32; 784];
        for row in p.chunks(784) {
            for (m, x) in colmax.iter_mut().zip(row) {
                *m = m.max(x.abs());
            }
        }
        let near = |t: f32| colmax.iter().filter(|x| **x > t).count();
        println!(
            "epoch {e} dense {dense:?} lr max {} mean {} |P| max {} cols>1 {} >2 {} >3 {} >3.9 {} gain {} sl {}",
            mx(lr),
            lr.iter().map(|x| x.abs()).sum::<f32>() / 784.,
            mx(p),
            near(1.),
            near(2.),
            near(3.),
            near(3.9),
            l.params()[0].plasticity_gain[0],
            mx(&l.params()[0].sliding_threshold)
        );
    }
}
