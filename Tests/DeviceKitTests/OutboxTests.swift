import Testing
import TestSupport

@testable import DeviceKit

@Suite("Outbox")
struct OutboxTests {
  private func body(_ number: MessageNumber) -> [UInt8] { Array("\(number.boot)/\(number.sequence)".utf8) }

  private func outbox(_ cells: [String: [UInt8]] = [:], _ limits: Outbox.Limits = .init()) -> Outbox {
    var changes: [FlashChange] = []
    return Outbox(cells: cells, limits: limits, changes: &changes)
  }

  @Test("numbers count from 0 without a gap and the boot number grows with each start")
  func numbers() throws {
    let flash = MemoryFlash()
    var sequences: [MessageNumber] = []
    for _ in 0..<3 {
      var changes: [FlashChange] = []
      var outbox = Outbox(cells: flash.load(), changes: &changes)
      for _ in 0..<2 {
        let number = outbox.append(.telemetry, worth: .reading, changes: &changes, body: body)
        sequences.append(try #require(number))
      }
      flash.commit(changes) { _ in }
    }
    #expect(sequences.map(\.boot) == [1, 1, 2, 2, 3, 3])
    #expect(sequences.map(\.sequence) == [0, 1, 0, 1, 0, 1])
  }

  @Test("hello goes first, then events, then readings, each in order")
  func order() {
    var outbox = outbox()
    var changes: [FlashChange] = []
    for channel in [UpChannel.telemetry, .event, .telemetry, .event] {
      _ = outbox.append(channel, worth: .notice, changes: &changes, body: body)
    }
    outbox.sayHello(changes: &changes) { number, _, _ in body(number) }
    var sent: [Int64] = []
    while let next = outbox.takeNext() { sent.append(next.number.sequence) }
    #expect(sent == [4, 1, 3, 0, 2])
  }

  @Test("a full outbox gives the oldest readings up first, notices next, alarms last, and remembers which")
  func full() {
    var outbox = outbox([:], Outbox.Limits(messagesMax: 8))
    var changes: [FlashChange] = []
    for index in 0..<4 {
      _ = outbox.append(
        .event, worth: index == 0 ? .notice : .alarm, changes: &changes, body: body) // 0 notice, 1 2 3 alarms
    }
    for _ in 0..<6 { _ = outbox.append(.telemetry, worth: .reading, changes: &changes, body: body) } // 4 … 9
    #expect(outbox.kept() == [MessageRange(boot: 1, from: 0, to: 3), MessageRange(boot: 1, from: 6, to: 9)])
    for _ in 0..<5 { _ = outbox.append(.event, worth: .alarm, changes: &changes, body: body) } // 10 … 14
    #expect(outbox.count == 8)
    #expect(outbox.kept() == [MessageRange(boot: 1, from: 1, to: 3), MessageRange(boot: 1, from: 10, to: 14)])
    #expect(outbox.dropped.ranges == [MessageRange(boot: 1, from: 0, to: 0), MessageRange(boot: 1, from: 4, to: 9)])
  }

  @Test("what was given up is told in the next hello and forgotten when that is acknowledged")
  func droppedIsTold() throws {
    var outbox = outbox([:], Outbox.Limits(messagesMax: 8))
    var changes: [FlashChange] = []
    for _ in 0..<9 { _ = outbox.append(.telemetry, worth: .reading, changes: &changes, body: body) }
    var told: [MessageRange] = []
    outbox.sayHello(changes: &changes) { number, _, dropped in
      told = dropped
      return body(number)
    }
    #expect(told == [MessageRange(boot: 1, from: 0, to: 0)])
    let next = outbox.takeNext()
    let hello = try #require(next)
    outbox.acknowledge(hello.number, changes: &changes)
    #expect(outbox.dropped.ranges.isEmpty)
    #expect(changes.contains(.delete(key: Outbox.droppedKey)))
  }

  @Test("an unacknowledged hello is said again under its number; one of an earlier start is given up")
  func helloAgain() throws {
    let flash = MemoryFlash()
    var changes: [FlashChange] = []
    var first = Outbox(cells: [:], changes: &changes)
    first.sayHello(changes: &changes) { number, _, _ in body(number) }
    let taken = first.takeNext()
    let one = try #require(taken)
    first.connectionLost()
    first.sayHello(changes: &changes) { number, _, _ in body(number) }
    let takenAgain = first.takeNext()
    let two = try #require(takenAgain)
    #expect(one.number == two.number)
    #expect(first.nextSequence == 1)
    flash.commit(changes) { _ in }
    var later: [FlashChange] = []
    var second = Outbox(cells: flash.load(), changes: &later)
    #expect(second.takeNext() == nil)
    #expect(second.dropped.ranges == [MessageRange(boot: 1, from: 0, to: 0)])
  }

  @Test("a payload of more than 64 KiB is not taken")
  func tooLarge() {
    var outbox = outbox()
    var changes: [FlashChange] = []
    let number = outbox.append(.telemetry, worth: .reading, changes: &changes) { _ in
      [UInt8](repeating: 32, count: Outbox.payloadBytesMax + 1)
    }
    #expect(number == nil)
    #expect(changes.isEmpty && outbox.nextSequence == 0)
  }

  /// Random life of a device: appends, sends, acknowledgements, lost connections, and a power cut after every commit.
  @Test(
    "whenever the power is cut, nothing unacknowledged is lost and nothing acknowledged is sent for ever",
    arguments: 0..<12 as Range<UInt64>)
  func powerCuts(seed: UInt64) throws {
    var random = DeviceRandom(seed: seed)
    var life = OutboxLife()
    for _ in 0..<120 { life.step(&random) }
    let commits = life.flash.commits
    for kept in 0...commits.count {
      let flash = life.flash.cut(keeping: kept)
      let durable = life.written.filter { $0.value < kept }.map(\.key)
      let forgotten = life.deleted.filter { $0.value < kept }.map(\.key)
      var changes: [FlashChange] = []
      var outbox = Outbox(cells: flash.load(), changes: &changes)
      flash.commit(changes) { _ in }
      var sent: Set<MessageNumber> = []
      while let next = outbox.takeNext() {
        sent.insert(next.number)
        var acknowledged: [FlashChange] = []
        outbox.acknowledge(next.number, changes: &acknowledged)
        flash.commit(acknowledged) { _ in }
      }
      #expect(Set(durable).subtracting(forgotten) == sent)
      var none: [FlashChange] = []
      var again = Outbox(cells: flash.load(), changes: &none)
      #expect(again.takeNext() == nil, "acknowledged, and sent again after a restart")
    }
  }
}

/// A device's life, recorded: after how many commits each message was in memory, or out of it.
private struct OutboxLife {
  let flash = MemoryFlash()
  var outbox: Outbox
  var written: [MessageNumber: Int] = [:]
  var deleted: [MessageNumber: Int] = [:]
  var flying: [MessageNumber] = []

  init() {
    var changes: [FlashChange] = []
    outbox = Outbox(cells: [:], changes: &changes)
    flash.commit(changes) { _ in }
  }

  mutating func step(_ random: inout DeviceRandom) {
    var changes: [FlashChange] = []
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<4:
      let channel: UpChannel = Bool.random(using: &random) ? .telemetry : .event
      let number = outbox.append(channel, worth: .reading, changes: &changes) { Array("\($0.sequence)".utf8) }
      if let number { written[number] = flash.commits.count }
    case 4..<7:
      if let next = outbox.takeNext() { flying.append(next.number) }
    case 7..<9:
      guard !flying.isEmpty else { return }
      let number = flying.remove(at: Int.random(in: flying.indices, using: &random))
      outbox.acknowledge(number, changes: &changes)
      deleted[number] = flash.commits.count
    default:
      outbox.connectionLost()
      flying = []
    }
    if !changes.isEmpty { flash.commit(changes) { _ in } }
  }
}
