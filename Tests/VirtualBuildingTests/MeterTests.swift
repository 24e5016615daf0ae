import DeviceKit
import Testing
import TestSupport

@testable import VirtualBuilding

@Suite("Meters")
struct MeterTests {
  private static let day: Int64 = 86_400_000

  private func meter(
    _ kind: MeterKind, name: String = "M-1", flash: MemoryFlash = MemoryFlash(), uptime: Int64 = 0,
    isOnline: Bool = true
  ) throws -> ProgramBench<MeterProgram> {
    try ProgramBench(
      MeterProgram(kind: kind, name: name, residents: [.family]), flash: flash, uptime: uptime, isOnline: isOnline)
  }

  @Test("a meter freezes its register at the freeze hour and every six hours, and keeps 60 days of it",
    .clause("6.3.2a"))
  func freezes() throws {
    var bench = try meter(.electricity)
    bench.desire("{\"reportIntervalSeconds\":86400,\"freezeHour\":1}")
    bench.advance(seconds: 70 * 86_400)
    let readings = try bench.program.frozen.readings
    #expect(readings.count == 240)
    #expect(zip(readings, readings.dropFirst()).allSatisfy { $1.time - $0.time == Self.day / 4 })
    #expect(zip(readings, readings.dropFirst()).allSatisfy { $1.register > $0.register })
    #expect(readings.allSatisfy { Resident.localHour($0.time) % 6 == 1 })
    let reported = bench.said.filter { $0.values["frozenEnergyWh"] != nil }
    #expect(reported.count == 280)
  }

  @Test("frozen readings survive a power cut and are reported again when asked", .clause("6.3.2a", "6.3.2b"))
  func gaps() throws {
    var bench = try meter(.water)
    bench.advance(seconds: 31 * 86_400)
    let kept = try bench.program.frozen.readings
    var restarted = try meter(.water, flash: bench.flash, uptime: bench.uptime)
    #expect(try restarted.program.frozen.readings == kept)
    let from = kept[10].time
    let to = kept[19].time
    let before = restarted.said.count
    #expect(try restarted.command("readFrozen", "{\"from\":\(from),\"to\":\(to)}").number("count") == 10)
    let again = restarted.said[before...].filter { $0.values["frozenVolumeLitres"] != nil }
    #expect(again.map(\.time) == kept[10...19].map(\.time))
    #expect(again.compactMap { $0.values.number("frozenVolumeLitres") } == kept[10...19].map { Double($0.register) })
  }

  @Test("readings frozen without a network are reported when it is back", .clause("6.3.2b"))
  func offline() throws {
    var bench = try meter(.gas)
    bench.disconnect()
    bench.advance(seconds: 3 * 86_400)
    let readings = try bench.program.frozen.readings
    bench.connect()
    let reported = bench.said.filter { $0.values["frozenVolumeLitres"] != nil }.map(\.time)
    #expect(reported == readings.map(\.time))
    #expect(reported.count == 12)
  }

  @Test("the reports of a building's meters are spread over the window", .clause("6.3.2b"))
  func spread() throws {
    var seconds: Set<Int64> = []
    for index in 0..<60 {
      var bench = try meter(.electricity, name: "EM-\(index)")
      bench.advance(seconds: 16 * 3_600 + 700)
      let told = bench.said.last { $0.values["frozenEnergyWh"] != nil }
      #expect(told != nil)
      seconds.insert(Int64(try bench.program.spread % 600))
    }
    #expect(seconds.count > 50)
  }

  @Test("a trigger reading is reported at once", .clause("6.3.2b"))
  func trigger() throws {
    var bench = try meter(.electricity)
    bench.advance(seconds: 1_234)
    let before = bench.said.count
    let reply = try bench.command("readNow")
    let register = Double(try bench.program.register)
    #expect(reply.number("energyWh") == register)
    #expect(bench.said[before...].contains { $0.channel == .telemetry && $0.values.number("energyWh") == register })
  }

  @Test("consumption is plausible: a family uses 3 to 25 kWh and 100 to 700 l a day, nobody almost nothing",
    .clause("6.3.1"))
  func plausible() throws {
    let days: [(MeterKind, ClosedRange<Int64>)] = [(.electricity, 3_000...25_000), (.water, 100...700)]
    for (kind, range) in days {
      var bench = try meter(kind)
      let before = try bench.program.register
      bench.advance(seconds: 86_400)
      _ = try bench.command("readNow")
      #expect(range.contains(try bench.program.register - before))
    }
    var empty = try ProgramBench(MeterProgram(kind: .electricity, name: "M", residents: [.nobody]))
    let before = try empty.program.register
    empty.advance(seconds: 86_400)
    _ = try empty.command("readNow")
    #expect(try empty.program.register - before < 300)
  }

  @Test("the register never goes back and survives a power cut", .clause("6.3.1"))
  func register() throws {
    let flash = MemoryFlash()
    var last: Int64 = 0
    var uptime: Int64 = 0
    for _ in 0..<5 {
      var bench = try meter(.electricity, flash: flash, uptime: uptime)
      bench.advance(seconds: 7_200)
      _ = try bench.command("readNow")
      let register = try bench.program.register
      #expect(register > last)
      last = register
      uptime = bench.uptime
    }
  }

  @Test("the valve moves on command, stops the flow, and says when it is stuck", .clause("6.3.2b", "6.3.2c"))
  func valve() throws {
    var bench = try meter(.water)
    #expect(try bench.command("setValve", "{\"valve\":\"closed\"}").text("valve") == "moving")
    bench.advance(seconds: 7)
    #expect(bench.events("valveMoved").map { $0.values.text("valve") } == ["closed"])
    #expect(bench.last("valve") as? String == "closed")
    let register = try bench.program.register
    bench.advance(seconds: 86_400)
    #expect(try bench.program.register == register)
    bench.suffer(.fault(code: "valve"))
    #expect(try bench.command("setValve", "{\"valve\":\"open\"}").text("code") == "stuck")
    #expect(bench.events("valveStuck").count == 1)
    #expect(try bench.command("setValve", "{\"valve\":\"ajar\"}").text("code") == "badArgument")
  }

  @Test("the relay switches the electricity off and on", .clause("6.3.2c"))
  func relay() throws {
    var bench = try meter(.electricity)
    #expect(try bench.command("switchSupply", "{\"on\":false}").text("state") == "done")
    #expect(bench.last("powerWatts") as? Double == 0)
    #expect(try bench.command("switchSupply", "{\"on\":true}").text("state") == "done")
    #expect(bench.events("supplySwitched").map { $0.values.number("on") } == [0, 1])
  }

  @Test("prepaid: money goes with the flow, low is told, nothing left switches off, a top-up counts once and on again",
    .clause("6.3.2c"))
  func prepaid() throws {
    var bench = try meter(.electricity)
    _ = try bench.command("topUp", "{\"amountFen\":2000,\"order\":\"o-1\"}")
    bench.desire("{\"prepaid\":true,\"priceFen\":100,\"lowBalanceFen\":500,\"reportIntervalSeconds\":60}")
    bench.advance(seconds: 5 * 86_400)
    #expect(bench.events("lowBalance").count == 1)
    #expect(bench.events("supplySwitched").map { $0.values.number("on") } == [0])
    #expect(try bench.command("switchSupply", "{\"on\":true}").text("code") == "noBalance")
    let before = try bench.program.balanceFen
    #expect(before <= 0 && before > -50)
    for _ in 0..<2 { _ = try bench.command("topUp", "{\"amountFen\":3000,\"order\":\"o-2\"}") }
    #expect(try bench.program.balanceFen == before + 3_000)
    #expect(try bench.program.isSupplyOn)
    let restarted = try meter(.electricity, flash: bench.flash, uptime: bench.uptime)
    #expect(try restarted.program.balanceFen == before + 3_000)
  }

  @Test("a magnet, an opened cover and a weak battery are told at once", .clause("6.3.2b", "6.3.2d"))
  func attacks() throws {
    for kind in [MeterKind.electricity, .water, .gas] {
      var bench = try meter(kind)
      bench.suffer(.magnet)
      #expect(bench.events("magneticAttack").count == 1)
      #expect(bench.last("magneticField") as? Double == 1)
      bench.suffer(.removeMagnet)
      #expect(bench.events("magneticCleared").count == 1)
      bench.suffer(.openCover)
      #expect(bench.events("coverOpened").count == 1)
      bench.suffer(.lowBattery)
      #expect(bench.events("lowBattery").count == 1)
    }
  }

  @Test("a clock that is hours off is corrected by itself, told, and the freeze times follow", .clause("6.3.2e"))
  func clock() throws {
    var bench = try meter(.electricity, isOnline: false)
    bench.clockError = -3 * 3_600_000
    bench.connect()
    #expect(bench.events("clockCorrected").map { $0.values.number("offsetMilliseconds") } == [10_800_000])
    bench.advance(seconds: 86_400)
    let readings = try bench.program.frozen.readings
    #expect(readings.count >= 4)
    #expect(readings.allSatisfy { Resident.localHour($0.time) % 6 == 0 })
  }

  @Test("a firmware upgrade that this meter can not do is answered with a clear code", .clause("6.3.2f"))
  func firmware() throws {
    var bench = try meter(.water)
    let reply = try bench.command("upgradeFirmware", "{\"url\":\"u\",\"version\":\"2\",\"sha256\":\"0\"}")
    #expect(reply.text("state") == "failed" && reply.text("code") == "unsupported")
  }

  @Test("settings out of range are not taken, the others are, and all survive a power cut", .clause("6.3.2b"))
  func settings() throws {
    var bench = try meter(.gas)
    bench.desire("{\"reportIntervalSeconds\":1,\"freezeHour\":7,\"prepaid\":3,\"nonsense\":1}")
    let reported = try #require(bench.said.last { $0.channel == .reported }).text
    #expect(reported.contains("\"reportIntervalSeconds\":3600,\"freezeHour\":7"))
    let restarted = try meter(.gas, flash: bench.flash)
    #expect(try restarted.program.settingsBook.integer("freezeHour") == 7)
  }
}
