use super::*;
use uuid::Uuid;

const SHOW: ShowId = ShowId::new(Uuid::from_u128(0x54));

fn seat(number: u32) -> SeatId {
    SeatId::new(Uuid::from_u128(u128::from(number) << 64))
}

fn status(number: u32, state: ShowSeatState, version: i64) -> SeatStatus {
    SeatStatus { seat_id: seat(number), state, version }
}

fn at(counter: u32) -> Position {
    Position::parse(&format!("7-{counter}")).unwrap()
}

fn publication(counter: u32, seats: &[SeatStatus]) -> Publication {
    Publication { position: at(counter), seats: seats.to_vec() }
}

fn rows(seats: u32) -> Vec<SeatStatus> {
    (0..seats).map(|number| status(number, ShowSeatState::Available, 1)).collect()
}

fn board(seats: u32) -> Board {
    Board::new(SHOW, at(0), rows(seats))
}

fn changes(told: Option<Told>) -> Vec<(SeatId, ShowSeatState)> {
    match told {
        Some(Told::Changes(change)) => change.seats.clone(),
        other => panic!("no changes: {other:?}"),
    }
}

fn counts(board: &mut Board) -> [u32; 4] {
    let counts = board.picture().counts;
    [counts.available, counts.blocked, counts.held, counts.sold]
}

#[test]
fn late_and_repeated_publications_change_nothing() {
    let mut board = board(3);
    let (held, sold) = (status(1, ShowSeatState::Held, 2), status(1, ShowSeatState::Sold, 3));
    assert!(board.hear(&[publication(1, &[sold])]).news);
    for late in [held, sold, status(1, ShowSeatState::Available, 1)] {
        assert!(!board.hear(&[publication(2, &[late])]).news, "{late:?}");
    }
    assert_eq!(changes(board.tell()), [(seat(1), ShowSeatState::Sold)]);
    assert!(board.tell().is_none(), "it is told once");
    assert_eq!(counts(&mut board), [2, 0, 0, 1]);
}

#[test]
fn changes_are_told_together_as_they_stand() {
    let mut board = board(4);
    board.hear(&[publication(1, &[status(2, ShowSeatState::Held, 2), status(0, ShowSeatState::Held, 2)])]);
    board.hear(&[publication(2, &[status(2, ShowSeatState::Sold, 3)])]);
    let expected = [(seat(0), ShowSeatState::Held), (seat(2), ShowSeatState::Sold)];
    assert_eq!(changes(board.tell()), expected);
}

#[test]
fn a_picture_is_drawn_once_until_something_changes() {
    let mut board = board(4);
    let first = board.picture();
    assert!(Arc::ptr_eq(&first, &board.picture()));
    board.hear(&[publication(1, &[status(0, ShowSeatState::Held, 2)])]);
    let second = board.picture();
    assert_eq!(second.states[0], ShowSeatState::Held);
    assert_eq!(first.seats_tag, second.seats_tag);
    assert_ne!(first.position, second.position);
}

#[test]
fn the_database_heals_what_was_lost_and_does_not_undo_what_is_newer() {
    let mut board = board(3);
    let read_at = board.revision();
    // While the rows are read, seat 0 is sold; the rows do not have it yet. The sale of seat 1 was never published.
    board.hear(&[publication(1, &[status(0, ShowSeatState::Sold, 3)])]);
    let mut read = rows(3);
    read[1] = status(1, ShowSeatState::Sold, 3);
    assert_eq!(board.compare(read, read_at), 1);
    assert_eq!(changes(board.tell()), [(seat(0), ShowSeatState::Sold), (seat(1), ShowSeatState::Sold)]);
    // A database that was set back is believed as well.
    let read_at = board.revision();
    assert_eq!(board.compare(rows(3), read_at), 2);
    assert_eq!(counts(&mut board), [3, 0, 0, 0]);
}

#[test]
fn another_list_of_seats_is_told_as_a_whole() {
    let mut board = board(3);
    let before = board.picture();
    assert!(board.hear(&[publication(1, &[status(3, ShowSeatState::Held, 2)])]).unknown_seat);
    board.hear(&[publication(2, &[status(1, ShowSeatState::Held, 2)])]);
    board.compare(rows(4), 0);
    let Some(Told::Snapshot(picture)) = board.tell() else { panic!("no snapshot") };
    assert_eq!(picture.states.len(), 4);
    assert_eq!(picture.states[1], ShowSeatState::Held, "what was heard is newer than the rows");
    assert_ne!(picture.seats_tag, before.seats_tag);
    assert!(board.since(&ResumePoint::parse(&before.position).unwrap()).is_none());
}

#[test]
fn who_comes_back_is_told_what_was_touched_as_it_stands() {
    let mut board = board(5);
    let start = ResumePoint::parse(&board.picture().position).unwrap();
    board.hear(&[publication(1, &[status(4, ShowSeatState::Held, 2), status(1, ShowSeatState::Held, 2)])]);
    let Some(Told::Changes(told)) = board.tell() else { panic!("no changes") };
    let middle = ResumePoint::parse(&told.position).unwrap();
    board.hear(&[publication(2, &[status(4, ShowSeatState::Available, 3)])]);
    let whole = [(seat(1), ShowSeatState::Held), (seat(4), ShowSeatState::Available)];
    assert_eq!(changes(board.since(&start)), whole);
    assert_eq!(changes(board.since(&start)), whole, "and so is the next");
    assert_eq!(changes(board.since(&middle)), [(seat(4), ShowSeatState::Available)]);
    let now = ResumePoint::parse(&board.picture().position).unwrap();
    assert_eq!(changes(board.since(&now)), []);
}

#[test]
fn very_many_changes_are_told_as_a_whole() {
    let mut board = board(400);
    let sold: Vec<SeatStatus> = (0..400).map(|number| status(number, ShowSeatState::Sold, 3)).collect();
    board.hear(&[publication(1, &sold)]);
    assert!(matches!(board.tell(), Some(Told::Snapshot(_))));
}

/// Another process has told a follower the picture after its first publications; this one began later.
fn elsewhere(published: &[Publication]) -> ResumePoint {
    let mut other = board(4);
    other.hear(published);
    if let Some(last) = published.last() {
        other.start_from(last.position.clone());
    }
    ResumePoint::parse(&other.picture().position).unwrap()
}

#[test]
fn what_another_process_told_is_traced_back_through_the_stream() {
    let told = [publication(1, &[status(0, ShowSeatState::Held, 2)])];
    let missed = [
        publication(2, &[status(0, ShowSeatState::Sold, 3), status(2, ShowSeatState::Held, 2)]),
        publication(3, &[status(2, ShowSeatState::Available, 3)]),
    ];
    let point = elsewhere(&told);
    let mut read = rows(4);
    read[0] = status(0, ShowSeatState::Sold, 3);
    read[2] = status(2, ShowSeatState::Available, 3);
    let mut board = Board::new(SHOW, at(3), read);
    assert!(board.since(&point).is_none());
    board.trace_back(&point, &missed);
    let expected = [(seat(0), ShowSeatState::Sold), (seat(2), ShowSeatState::Available)];
    assert_eq!(changes(board.since(&point)), expected);
    // What changes after it is told too.
    board.hear(&[publication(4, &[status(3, ShowSeatState::Held, 2)])]);
    assert_eq!(changes(board.since(&point)).len(), 3);
}

#[test]
fn a_publication_that_was_lost_meanwhile_is_noticed() {
    let point = elsewhere(&[publication(1, &[status(0, ShowSeatState::Held, 2)])]);
    let mut read = rows(4);
    read[0] = status(0, ShowSeatState::Sold, 3);
    read[1] = status(1, ShowSeatState::Sold, 3);
    let mut board = Board::new(SHOW, at(2), read);
    // The sale of seat 1 never reached the stream: what the stream says is not the whole of it.
    board.trace_back(&point, &[publication(2, &[status(0, ShowSeatState::Sold, 3)])]);
    assert!(board.since(&point).is_none(), "so that a fresh snapshot is sent");
}

#[test]
fn only_positions_of_ours_are_read() {
    let point = board(3).picture().position.clone();
    assert_eq!(ResumePoint::parse(&point).unwrap().to_string(), point);
    let long = "9".repeat(100);
    for text in
        ["", "-", "7-0", "7-0-", "7-0-12", "7-0-00000000000000000", "7-0-000000000000000G", "x-0-0000000000000000"]
    {
        assert_eq!(ResumePoint::parse(text), None, "{text}");
    }
    assert_eq!(ResumePoint::parse(&format!("{long}-0-0000000000000000")), None);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut board = board(2);
    let oldest = ResumePoint::parse(&board.picture().position).unwrap();
    for version in 2..3_000 {
        board.hear(&[publication(1, &[status(0, ShowSeatState::Held, version)])]);
        board.tell();
    }
    assert!(board.since(&oldest).is_none());
    let last = ResumePoint::parse(&board.picture().position).unwrap();
    assert!(board.since(&last).is_some());
}
