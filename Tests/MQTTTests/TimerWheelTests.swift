import Testing

@testable import MQTT

@Suite("The coarse timer wheel")
struct TimerWheelTests {
  final class Entry: TimerWheelEntry {
    var wheelPlace: TimerWheelPlace?
    let at: UInt64
    var calledAt: UInt64?

    init(at: UInt64) { self.at = at }

    func wheelCalls(now: UInt64) -> UInt64? {
      if now < at { return at }
      calledAt = now
      return nil
    }
  }

  private func turn(_ wheel: inout TimerWheel<Entry>, _ now: UInt64) {
    for entry in wheel.due(now: now) {
      if let next = entry.wheelCalls(now: now) { wheel.insert(entry, at: next) }
    }
  }

  @Test("every entry is called once, never early, at most two turns late, also beyond a round")
  func punctual() {
    var random = SeededRandom(seed: 5)
    var wheel = TimerWheel<Entry>(now: 1_000)
    let entries = (0..<500).map { _ in Entry(at: 1_000 + UInt64.random(in: 0...200_000, using: &random)) }
    for entry in entries { wheel.insert(entry, at: entry.at) }
    var now: UInt64 = 1_000
    while now < 202_000 {
      now += 250
      turn(&wheel, now)
    }
    for entry in entries {
      let called = entry.calledAt ?? 0
      #expect(called >= entry.at)
      #expect(called <= entry.at + 500)
      #expect(entry.wheelPlace == nil)
    }
  }

  @Test("a removed entry is not called, and the others keep their place")
  func removal() {
    var wheel = TimerWheel<Entry>(now: 0)
    let entries = (0..<10).map { _ in Entry(at: 1_000) }
    for entry in entries { wheel.insert(entry, at: entry.at) }
    for index in [0, 9, 4] { wheel.remove(entries[index]) }
    turn(&wheel, 2_000)
    #expect(entries.filter { $0.calledAt != nil }.count == 7)
    #expect(entries[4].calledAt == nil)
  }

  @Test("a clock that jumps far calls everything that is due")
  func jump() {
    var wheel = TimerWheel<Entry>(now: 0)
    let entries = [Entry(at: 300), Entry(at: 60_000), Entry(at: 90_000)]
    for entry in entries { wheel.insert(entry, at: entry.at) }
    turn(&wheel, 10_000_000)
    #expect(entries.allSatisfy { $0.calledAt == 10_000_000 })
  }
}
