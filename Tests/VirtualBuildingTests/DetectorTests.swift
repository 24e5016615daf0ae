import DeviceKit
import Testing
import TestSupport

@testable import VirtualBuilding

@Suite("Smoke and electrical-fire detectors")
struct DetectorTests {
  private func smoke(flash: MemoryFlash = MemoryFlash()) throws -> ProgramBench<SmokeDetectorProgram> {
    try ProgramBench(SmokeDetectorProgram(name: "SD-0101"), model: "smoke.basic", flash: flash)
  }

  private func electrical(flash: MemoryFlash = MemoryFlash()) throws -> ProgramBench<ElectricalFireProgram> {
    try ProgramBench(ElectricalFireProgram(name: "EF-01"), model: "electrical-fire.basic", flash: flash)
  }

  @Test("smoke over the limit raises one alarm within 20 s, loud and with its value", .clause("6.2.1", "6.2.2b"))
  func smokeAlarm() throws {
    var bench = try smoke()
    bench.advance(seconds: 60)
    bench.suffer(.fire)
    var overAt: Int64?
    while bench.events("smokeAlarm").isEmpty, bench.uptime < 600_000 {
      bench.advance(seconds: 1)
      if overAt == nil, try bench.program.smokeMilli >= SmokeDetectorProgram.limitMilli { overAt = bench.uptime }
    }
    let over = try #require(overAt)
    #expect(bench.uptime - over <= 20_000)
    #expect(try bench.program.detector.signal == .alarm)
    bench.advance(seconds: 120)
    #expect(bench.events("smokeAlarm").count == 1)
    #expect((bench.events("smokeAlarm").first?.values.number("smokeDecibelsPerMetre") ?? 0) >= 0.15)
  }

  @Test("the alarm stays through mute, cleared smoke and a power cut, until the platform resets it", .clause("6.2.2b"))
  func latched() throws {
    var bench = try smoke()
    bench.suffer(.fire)
    bench.advance(seconds: 90)
    #expect(try bench.command("reset").text("code") == "stillOver", "not while it smokes")
    #expect(try bench.command("mute", "{\"seconds\":60}").text("state") == "done")
    #expect(try bench.program.detector.signal == .mutedAlarm)
    #expect(try bench.program.detector.isAlarming, "silence is not reset")
    bench.suffer(.extinguish)
    bench.advance(seconds: 61)
    #expect(try bench.program.detector.signal == .alarm, "loud again after the mute")
    bench.advance(seconds: 3_600)
    #expect(try bench.program.detector.isAlarming)
    var restarted = try smoke(flash: bench.flash)
    #expect(try restarted.program.detector.isAlarming)
    #expect(try restarted.command("reset").text("state") == "done")
    #expect(try restarted.program.detector.signal == .quiet)
    #expect(restarted.events("alarmReset").count == 1)
    #expect(restarted.last("alarming") as? Double == 0)
  }

  @Test("a fault is signalled within 60 s and sounds and looks unlike an alarm", .clause("6.2.2c"))
  func fault() throws {
    var bench = try smoke()
    bench.suffer(.fault(code: "sensor"))
    bench.advance(seconds: 60)
    #expect(bench.events("fault").map { $0.values.text("code") } == ["sensor"])
    #expect(try bench.program.detector.signal == .fault)
    #expect(bench.events("smokeAlarm").isEmpty)
    bench.suffer(.repair)
    bench.advance(seconds: 60)
    #expect(bench.events("faultCleared").count == 1)
    #expect(try bench.program.detector.signal == .quiet)
    var other = try electrical()
    other.suffer(.fault(code: "sensorShort"))
    other.advance(seconds: 60)
    #expect(other.events("fault").map { $0.values.text("code") } == ["sensorShort"])
  }

  @Test("an alarm is heard over a fault")
  func alarmOverFault() throws {
    var bench = try smoke()
    bench.suffer(.fault(code: "battery"))
    bench.suffer(.fire)
    bench.advance(seconds: 90)
    #expect(try bench.program.detector.signal == .alarm)
  }

  @Test("the self-test measures the sounder between 70 and 115 dB, and names the part that fails",
    .clause("6.2.2d", "6.2.2e"))
  func selfTest() throws {
    for index in 0..<40 {
      var bench = try ProgramBench(SmokeDetectorProgram(name: "SD-\(index)"), model: "smoke.basic")
      let decibels = try #require(try bench.command("selfTest").number("sounderDecibels"))
      #expect(decibels > 70 && decibels < 115)
      var other = try ProgramBench(ElectricalFireProgram(name: "EF-\(index)"), model: "electrical-fire.basic")
      let others = try #require(try other.command("selfTest").number("sounderDecibels"))
      #expect(others > 70 && others < 115)
    }
    var broken = try smoke()
    broken.suffer(.fault(code: "sounder"))
    #expect(try broken.command("selfTest").text("code") == "buzzer")
    #expect(broken.events("selfTestFailed").map { $0.values.text("part") } == ["buzzer"])
  }

  @Test("the battery lasts three years and more, and says how long it will", .clause("6.2.2g"))
  func battery() throws {
    var bench = try smoke()
    bench.desire("{\"reportIntervalSeconds\":86400}")
    bench.advance(seconds: 3 * 366 * 86_400)
    #expect(bench.events("lowBattery").isEmpty)
    let days = try #require(bench.last("batteryDaysLeft") as? Double)
    #expect(days > 2_000 && days < 2_600)
    bench.suffer(.lowBattery)
    #expect(bench.events("lowBattery").count == 1)
  }

  @Test("taking the detector off its base is told at once, and putting it back", .clause("6.2.2h"))
  func removal() throws {
    var bench = try smoke()
    bench.suffer(.remove)
    #expect(bench.events("removed").count == 1)
    bench.suffer(.mount)
    #expect(bench.events("mounted").count == 1)
  }

  @Test("residual current over the limit raises an alarm within 20 s, by the limit in force",
    .clause("6.2.1", "6.2.2b"))
  func residualCurrent() throws {
    for limit in [100, 300, 1_000] {
      var bench = try electrical()
      bench.desire("{\"residualCurrentLimitMilliamperes\":\(limit),\"temperatureLimitCelsius\":140}")
      bench.suffer(.fire)
      // 20 mA a second from at least 18 mA: over the limit after (limit − 18) / 20 s at the latest
      bench.advance(seconds: Int64(limit) / 20 + 20)
      let alarms = bench.events("residualCurrentAlarm")
      #expect(alarms.count == 1)
      #expect((alarms.first?.values.number("residualCurrentMilliamperes") ?? 0) > Double(limit))
      #expect(try bench.command("reset").text("code") == "stillOver")
      bench.suffer(.extinguish)
      bench.advance(seconds: 60)
      #expect(try bench.program.detector.isAlarming)
      #expect(try bench.command("reset").text("state") == "done")
    }
  }

  @Test("a hot cable raises an alarm that names the phase", .clause("6.2.1"))
  func temperature() throws {
    var bench = try electrical()
    bench.desire("{\"residualCurrentLimitMilliamperes\":1000,\"temperatureLimitCelsius\":45}")
    bench.suffer(.fire)
    bench.advance(seconds: 49) // 0.4 °C a second; the current is over 1,000 mA only after 48 s
    #expect(bench.events("temperatureAlarm").count + bench.events("residualCurrentAlarm").count == 1)
    if let alarm = bench.events("temperatureAlarm").first {
      #expect(alarm.values.text("channel") == "B")
      #expect((alarm.values.number("temperatureCelsius") ?? 0) > 45)
    }
  }

  @Test("lost mains are told")
  func mains() throws {
    var bench = try electrical()
    bench.suffer(.mainsOff)
    bench.suffer(.mainsOn)
    #expect(bench.events("mainsLost").count == 1 && bench.events("mainsRestored").count == 1)
  }
}
