import Testing

@testable import MQTT

@Suite("The receiving half of a session")
struct InboundMachineTests {
  @Test("a QoS 2 message is handed on once, however often it comes before PUBREL")
  func once() {
    var machine = InboundMachine()
    check(machine.publish(1, isDuplicate: false, fingerprint: 5), .take)
    check(machine.publish(1, isDuplicate: true, fingerprint: 5), .waiting)
    machine.answered(1, isFailure: false)
    for _ in 0..<10 { check(machine.publish(1, isDuplicate: true, fingerprint: 5), .again) }
    check(machine.release(1), true)
    check(machine.release(1), false)
    check(machine.publish(1, isDuplicate: false, fingerprint: 5), .take)
  }

  @Test("a refused message is forgotten")
  func refused() {
    var machine = InboundMachine()
    _ = machine.publish(1, isDuplicate: false, fingerprint: 5)
    machine.answered(1, isFailure: true)
    check(machine.count, 0)
    check(machine.publish(1, isDuplicate: false, fingerprint: 5), .take)
  }

  @Test("the same identifier for the third time without DUP is a violation")
  func violation() {
    var machine = InboundMachine()
    check(machine.publish(1, isDuplicate: false, fingerprint: 5), .take)
    machine.answered(1, isFailure: false)
    check(machine.publish(1, isDuplicate: false, fingerprint: 5), .again)
    check(machine.publish(1, isDuplicate: false, fingerprint: 6), .again)
    check(machine.publish(1, isDuplicate: false, fingerprint: 5), .violation)
  }

  @Test("what was not answered when the connection broke is new when it comes again")
  func suspension() {
    var machine = InboundMachine()
    _ = machine.publish(1, isDuplicate: false, fingerprint: 5)
    _ = machine.publish(2, isDuplicate: false, fingerprint: 6)
    machine.answered(2, isFailure: false)
    machine.suspend()
    check(machine.publish(1, isDuplicate: true, fingerprint: 5), .take)
    check(machine.publish(2, isDuplicate: true, fingerprint: 6), .again)
  }
}
