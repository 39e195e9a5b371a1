//! Routes.

use glocal_chip::ChipError;
use glocal_chip::place::Endpoint;
use glocal_chip::route::{Cast, Direction, Leg, Link, Routes, route, xy};
use glocal_chip::spec::Casting;

use crate::made::{at, below, places, small, tianjic, traffic};

fn cast(from: usize, to: &[usize]) -> Cast {
    Cast { from: Endpoint::Core(from), to: to.to_vec() }
}

#[test]
fn ways_are_as_long_as_the_manhattan_distance_rows_first() {
    for n in 0..500 {
        let coordinate = |name| below(1, name, n, 40) as u32;
        let (from, to) = (at(coordinate("a"), coordinate("b")), at(coordinate("c"), coordinate("d")));
        let links: Vec<Link> = xy(from, to).collect();
        assert_eq!(links.len() as u32, from.column.abs_diff(to.column) + from.row.abs_diff(to.row));
        let end = links.iter().fold(from, |at, link| {
            assert_eq!(link.from, at);
            link.to().unwrap()
        });
        assert_eq!(end, to);
        let vertical = |link: &Link| matches!(link.toward, Direction::North | Direction::South);
        assert!(links.is_sorted_by_key(vertical));
    }
}

/// Each receiver hears each cast once, by legs that begin where the one before ended.
fn assert_whole(routes: &Routes, casts: &[Cast], positions: &[glocal_chip::place::Position]) {
    let mut heard: Vec<Vec<_>> = vec![Vec::new(); casts.len()];
    for (number, leg) in routes.legs().iter().enumerate() {
        match (leg.after, casts[leg.cast].from) {
            (Some(before), _) => {
                assert!(before < number);
                assert_eq!((routes.legs()[before].cast, routes.legs()[before].to), (leg.cast, leg.from));
            }
            (None, Endpoint::Core(core)) => assert_eq!(leg.from, positions[core]),
            (None, Endpoint::Host) => assert_eq!(leg.from, routes.board().host()),
        }
        if leg.receives {
            heard[leg.cast].push(leg.to);
        }
    }
    for (heard, cast) in heard.iter_mut().zip(casts) {
        let mut to: Vec<_> = cast.to.iter().map(|&core| positions[core]).collect();
        to.sort_unstable();
        to.dedup();
        heard.sort_unstable();
        assert_eq!(*heard, to);
    }
}

/// A chain and a star are trees too, so that none is shorter than the shortest.
#[test]
fn everybody_hears_once_and_trees_are_shortest() {
    let chip = small(12, 13);
    let positions: Vec<_> = (0..156).map(|n| at(n % 12, n / 12)).collect();
    let placement = glocal_chip::place::Placement { at: positions.clone() };
    for seed in 0..10 {
        let (casts, _) = traffic(seed, 156, 50);
        let hops = [Casting::Unicast, Casting::Chain, Casting::Tree].map(|casting| {
            let routes = route(&placement, &casts, &chip, casting, &[]).unwrap();
            assert_whole(&routes, &casts, &positions);
            routes.hops()
        });
        assert!(hops[2] <= hops[0] && hops[2] <= hops[1], "{hops:?}");
    }
}

/// Four receivers in a row: alone 3 + 4 + 5 + 6 hops, handed on 3 + 1 + 1 + 1.
#[test]
fn handing_on_by_hand() {
    let placement = places(&[(0, 0), (5, 0), (3, 0), (6, 0), (4, 0)]);
    let hops = |casting| route(&placement, &[cast(0, &[1, 2, 3, 4, 4])], &tianjic(), casting, &[]).unwrap().hops();
    assert_eq!([Casting::Unicast, Casting::Chain, Casting::Tree].map(hops), [18, 6, 6]);
}

/// From column 0 to column 2 of row 0 with the first link dead: down, then along row 1 and up. With the link up at column 2 dead too: up
/// at column 1, and on from there after another stop.
#[test]
fn dead_links_are_gone_around() {
    let placement = places(&[(0, 0), (2, 0)]);
    let dead = [(0, 0, Direction::East), (2, 1, Direction::North)];
    let dead = dead.map(|(column, row, toward)| Link { from: at(column, row), toward });
    let legs = |dead: &[Link]| {
        let routes = route(&placement, &[cast(0, &[1])], &small(3, 2), Casting::Chain, dead).unwrap();
        assert!(routes.legs().iter().all(|leg| xy(leg.from, leg.to).all(|link| !dead.contains(&link))));
        routes.legs().to_vec()
    };
    let leg = |from, to, after, receives| Leg { cast: 0, from, to, after, receives };
    let down = leg(at(0, 0), at(0, 1), None, false);
    assert_eq!(legs(&dead[..1]), [down, leg(at(0, 1), at(2, 0), Some(0), true)]);
    let up = leg(at(0, 1), at(1, 0), Some(0), false);
    assert_eq!(legs(&dead), [down, up, leg(at(1, 0), at(2, 0), Some(1), true)]);
}

#[test]
fn what_cannot_be_routed() {
    let placement = places(&[(0, 0), (1, 1)]);
    let chip = small(2, 2);
    let dead = [at(0, 1), at(1, 0)].map(|from| {
        let toward = if from.row == 1 { Direction::East } else { Direction::South };
        Link { from, toward }
    });
    let error = route(&placement, &[cast(0, &[1])], &chip, Casting::Chain, &dead).unwrap_err();
    assert!(error.to_string().contains("the link from column 1 row 0 to the south is dead"), "{error}");
    assert!(route(&placement, &[cast(0, &[1])], &chip, Casting::Chain, &dead[..1]).is_ok());
    let error = route(&placement, &[cast(0, &[2])], &chip, Casting::Chain, &[]).unwrap_err();
    assert!(matches!(error, ChipError::NoSuchCore { core: 2, cores: 2 }));
    let error = route(&places(&[(2, 0)]), &[], &chip, Casting::Chain, &[]).unwrap_err();
    assert!(matches!(error, ChipError::Outside { columns: 2, rows: 2, .. }));
}
