import Testing
import TestSupport

@testable import DeviceKit

@Suite("Device clock", .clause("6.3.2e"))
struct DeviceClockTests {
  @Test("an answer sets the clock by half the way there and back")
  func offset() {
    var clock = DeviceClock()
    let hours: Int64 = 3_600_000
    let t0 = clock.ask(DeviceMoment(uptimeMilliseconds: 0, hardwareMilliseconds: 5_000))
    let correction = clock.answer(
      t0: t0, t1: 5_000 + hours + 40, t2: 5_000 + hours + 40,
      DeviceMoment(uptimeMilliseconds: 80, hardwareMilliseconds: 5_080))
    #expect(correction == hours)
    #expect(clock.isSet)
    #expect(clock.now(DeviceMoment(uptimeMilliseconds: 80, hardwareMilliseconds: 5_080)) == 5_080 + hours)
  }

  @Test("an answer to another question, or one that took longer than ten seconds, is not believed")
  func notBelieved() {
    var clock = DeviceClock()
    let t0 = clock.ask(DeviceMoment(uptimeMilliseconds: 0, hardwareMilliseconds: 0))
    let late = DeviceMoment(uptimeMilliseconds: 10_002, hardwareMilliseconds: 10_002)
    let soon = DeviceMoment(uptimeMilliseconds: 10, hardwareMilliseconds: 10)
    #expect(clock.answer(t0: t0 + 1, t1: 5, t2: 5, soon) == nil)
    #expect(clock.answer(t0: t0, t1: 5, t2: 5, late) == nil)
    #expect(clock.answer(t0: t0, t1: 5, t2: 4, soon) == nil)
    #expect(!clock.isSet)
    #expect(clock.answer(t0: t0, t1: 5, t2: 5, soon) == 0)
    #expect(clock.answer(t0: t0, t1: 5, t2: 5, soon) == nil, "the same answer twice")
  }

  @Test("it asks again after 30 s without an answer, and daily with one")
  func asksAgain() {
    var clock = DeviceClock()
    let start = DeviceMoment(uptimeMilliseconds: 1_000, hardwareMilliseconds: 1_000)
    clock.connected(start)
    #expect(clock.isDue(start))
    let t0 = clock.ask(start)
    #expect(clock.askAtUptimeMilliseconds == 31_000)
    _ = clock.answer(t0: t0, t1: 1_000, t2: 1_000, start)
    #expect(clock.askAtUptimeMilliseconds == 1_000 + 86_400_000)
  }
}

@Suite("Backoff", .clause("6.1.2f"))
struct BackoffTests {
  @Test("the longest wait doubles from a second to five minutes, with full jitter, and begins anew after success")
  func grows() {
    var backoff = Backoff()
    var random = DeviceRandom(seed: 7)
    var ceilings: [Int64] = []
    var waits: [Int64] = []
    for _ in 0..<60 {
      ceilings.append(backoff.ceilingMilliseconds)
      waits.append(backoff.failed(using: &random))
    }
    #expect(ceilings.prefix(10) == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000])
    #expect(ceilings.dropFirst(9).allSatisfy { $0 == 300_000 })
    #expect(zip(waits, ceilings).allSatisfy { (0...$1).contains($0) })
    #expect(waits.suffix(50).contains { $0 < 60_000 } && waits.suffix(50).contains { $0 > 240_000 })
    backoff.succeeded()
    #expect(backoff.ceilingMilliseconds == 1_000)
  }
}
