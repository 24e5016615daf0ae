import KeyLadder
import TestSupport
import Testing

@testable import DeviceKit

@Suite("A device's side of agreeing keys", .clause("9.4e"))
struct KeyMachineTests {
  private static let day: Int64 = 86_400_000
  private static let time: Int64 = 20_000 * day + 3_600_000

  private static func offer(_ start: Int64) -> [UInt8] {
    [1, 0x11, 2] + withUnsafeBytes(of: UInt64(start / 1_000).bigEndian) { Array($0) } + [UInt8](repeating: 0, count: 81)
  }

  /// Connected, its clock right, its holder asked for an offer.
  private func begun() -> KeyMachine {
    var machine = KeyMachine(random: DeviceRandom(seed: 1))
    machine.linkUp()
    machine.advance(time: nil, 0)
    #expect(machine.takeActions() == [])
    machine.advance(time: Self.time, 0)
    #expect(machine.takeActions() == [.ask(.offer(isEphemeral: true))])
    return machine
  }

  /// With a session that the platform has confirmed.
  private func agreed(_ number: UInt32 = 1) -> KeyMachine {
    var machine = begun()
    let start = 20_000 * Self.day
    machine.answered(
      .offer(number: number, message: Self.offer(start)), to: .offer(isEphemeral: true), turn: machine.turn,
      time: Self.time, 0)
    #expect(machine.takeActions() == [.publish(Self.offer(start))])
    machine.receive([1, 0x12, 2], time: Self.time, 0)
    let question = KeyMachine.Ask.finishSession(number, answer: [1, 0x12, 2])
    #expect(machine.takeActions() == [.ask(question)])
    machine.answered(.message([1, 0x13, 2]), to: question, turn: machine.turn, time: Self.time, 0)
    #expect(machine.takeActions() == [.publish([1, 0x13, 2])])
    #expect(machine.opening == number && machine.sealing == nil)
    machine.receive([1, 0x14, 2], time: Self.time, 0)
    #expect(machine.sealing == number)
    return machine
  }

  @Test("waits for the clock, agrees, and protects only when the platform has said that the session counts")
  func agrees() {
    var machine = agreed()
    machine.linkDown()
    #expect(machine.opening == nil && machine.sealing == nil)
    #expect(machine.takeActions() == [.ask(.end(1))])
  }

  @Test("renews first when its communication key is of another day, or there is none")
  func renews() {
    for answer in [KeyMachine.Answer.offer(number: 4, message: Self.offer(19_999 * Self.day)), .failed] {
      var machine = begun()
      machine.answered(answer, to: .offer(isEphemeral: true), turn: machine.turn, time: Self.time, 0)
      let start = UInt64(20_000 * Self.day / 1_000)
      #expect(machine.takeActions().last == .ask(.beginRenewal(epochStart: start)))
      machine.answered(
        .message([1, 0x21, 0]), to: .beginRenewal(epochStart: start), turn: machine.turn, time: Self.time, 0)
      machine.receive([1, 0x22, 0], time: Self.time, 0)
      #expect(machine.takeActions() == [.publish([1, 0x21, 0]), .ask(.finishRenewal(answer: [1, 0x22, 0]))])
      machine.answered(
        .message([1, 0x23, 0]), to: .finishRenewal(answer: [1, 0x22, 0]), turn: machine.turn, time: Self.time, 0)
      #expect(machine.takeActions() == [.publish([1, 0x23, 0]), .ask(.offer(isEphemeral: true))])
    }
  }

  @Test("agrees a new session within an hour of the end of its epoch, and opens with the old one meanwhile")
  func epochEnds() throws {
    var machine = agreed()
    let wake = try #require(machine.wakeAt)
    let left = Self.day - 3_600_000
    #expect((left...(left + KeyMachine.spreadMilliseconds)).contains(wake))
    machine.advance(time: Self.time + wake - 1, wake - 1)
    #expect(machine.takeActions() == [])
    machine.advance(time: Self.time + wake, wake)
    #expect(machine.takeActions() == [.ask(.offer(isEphemeral: true))])
    #expect(machine.opening == 1 && machine.sealing == 1)
  }

  @Test("an answer to a question of an earlier connection counts for nothing, and its session is ended")
  func stale() {
    var machine = begun()
    let turn = machine.turn
    machine.linkDown()
    machine.linkUp()
    machine.advance(time: Self.time, 0)
    _ = machine.takeActions()
    machine.answered(
      .offer(number: 9, message: Self.offer(20_000 * Self.day)), to: .offer(isEphemeral: true), turn: turn,
      time: Self.time, 0)
    #expect(machine.takeActions() == [.ask(.end(9))])
  }

  @Test("renews at once when the platform says that it has forgotten the keys, and protects nothing meanwhile")
  func forgotten() {
    var machine = agreed()
    machine.receive([1, 0x7f, 3], time: Self.time, 5)
    #expect(machine.sealing == 1 && machine.takeActions() == [])
    machine.receive([1, 0x7f, 6], time: Self.time, 5)
    #expect(machine.sealing == nil && machine.opening == 1)
    #expect(machine.takeActions() == [.ask(.beginRenewal(epochStart: UInt64(20_000 * Self.day / 1_000)))])
  }

  @Test("offers way (b) when the platform says that the storm is over, only then, and keeps its session meanwhile")
  func invited() {
    var machine = agreed()
    machine.receive([1, 0x15, 2], time: Self.time, 0)
    machine.advance(time: Self.time, 0)
    #expect(machine.takeActions() == [])
    var (put, _) = refused(7)
    Self.agree(&put)
    for word in [[1, 0x15, 1], [1, 0x15, 9], [1, 0x15]] as [[UInt8]] {
      put.receive(word, time: Self.time, 0)
      put.advance(time: Self.time, 0)
      #expect(put.takeActions() == [])
    }
    put.receive([1, 0x15, 2], time: Self.time, 0)
    put.advance(time: Self.time, 0)
    #expect(put.takeActions() == [.ask(.offer(isEphemeral: true))])
    #expect(put.opening == 3 && put.sealing == 3)
  }

  /// From an offer of way (a) that the holder is asked for to a session; an invitation in between is too early.
  private static func agree(_ machine: inout KeyMachine) {
    let turn = machine.turn
    machine.answered(
      .offer(number: 3, message: offer(20_000 * day)), to: .offer(isEphemeral: false), turn: turn, time: time, 0)
    machine.receive([1, 0x12, 1], time: time, 0)
    machine.answered(
      .message([1, 0x13, 1]), to: .finishSession(3, answer: [1, 0x12, 1]), turn: turn, time: time, 0)
    machine.receive([1, 0x15, 2], time: time, 0)
    machine.receive([1, 0x14, 1], time: time, 0)
    _ = machine.takeActions()
  }

  @Test("a small device, which offers way (a) only, is not moved by such an invitation")
  func invitedSmall() {
    var machine = KeyMachine(isConstrained: true, random: DeviceRandom(seed: 1))
    machine.linkUp()
    machine.advance(time: Self.time, 0)
    Self.agree(&machine)
    machine.receive([1, 0x15, 2], time: Self.time, 0)
    machine.advance(time: Self.time, 0)
    #expect(machine.takeActions() == [] && machine.sealing == 3)
  }

  private func refused(_ reason: UInt8) -> (KeyMachine, [KeyMachine.Action]) {
    var machine = begun()
    machine.answered(
      .offer(number: 2, message: Self.offer(20_000 * Self.day)), to: .offer(isEphemeral: true), turn: machine.turn,
      time: Self.time, 0)
    _ = machine.takeActions()
    machine.receive([1, 0x7f, reason], time: Self.time, 0)
    return (machine, machine.takeActions())
  }

  @Test("each refusal of the platform has its consequence, and none is answered at once without end")
  func refusals() {
    #expect(refused(2).1 == [.ask(.end(2)), .doubtClock])
    #expect(refused(6).1.last == .ask(.beginRenewal(epochStart: UInt64(20_000 * Self.day / 1_000))))
    #expect(refused(7).1.last == .ask(.offer(isEphemeral: false)))
    for reason in [3, 4] as [UInt8] {
      #expect(refused(reason).0.state == .waiting(until: KeyMachine.longMilliseconds))
    }
    for reason in [1, 5, 200] as [UInt8] {
      let (machine, actions) = refused(reason)
      #expect(actions == [.ask(.end(2))])
      guard case .waiting = machine.state else { return #expect(Bool(false), "\(machine.state)") }
    }
  }

  @Test("what comes out of turn, cut off or of another version is dropped", arguments: [
    [], [1], [1, 0x12], [2, 0x12, 2], [1, 0x14, 2], [1, 0x22, 0], [1, 0x99, 0], [UInt8](repeating: 1, count: 513),
  ] as [[UInt8]])
  func junk(payload: [UInt8]) {
    var machine = begun()
    let before = machine.state
    machine.receive(payload, time: Self.time, 0)
    #expect(machine.state == before && machine.takeActions() == [])
  }

  @Test("a platform that says nothing is asked again later")
  func silence() throws {
    var machine = begun()
    machine.answered(
      .offer(number: 3, message: Self.offer(20_000 * Self.day)), to: .offer(isEphemeral: true), turn: machine.turn,
      time: Self.time, 0)
    _ = machine.takeActions()
    let wake = try #require(machine.wakeAt)
    machine.advance(time: Self.time, wake)
    #expect(machine.takeActions() == [.ask(.end(3))])
    let again = try #require(machine.wakeAt)
    machine.advance(time: Self.time, again)
    #expect(machine.takeActions() == [.ask(.offer(isEphemeral: true))])
  }
}
