import Devices
import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import Alarms
@testable import Console

@Suite("Pages of one device and of alarms")
struct DevicePagesTests {
  @Test("every part of the page is drawn, and what the device said is escaped", arguments: DeviceTab.allCases)
  func tabs(_ tab: DeviceTab) async throws {
    let world = try await World.make()
    let id = try await world.device("LK-101").device.id
    let answer = try await world.get("/devices/\(id)?tab=\(tab.rawValue)")
    #expect(answer.status == .ok)
    #expect(answer.text.contains("LK-101") && !answer.text.contains("<script>alert"))
    #expect(!answer.text.contains("{{"))
  }

  @Test("the overview has live values, the chart's numbers, completeness and the twin")
  func overview() async throws {
    let world = try await World.make()
    let text = try await world.get("/devices/\(try await world.device("LK-101").device.id)").text
    #expect(text.contains("data-value=\"batteryPercent\"") && text.contains("<b>87</b>"))
    #expect(text.contains("关闭"))
    #expect(text.contains("<e-chart src=\"/devices/"))
    #expect(text.contains("90.6%"))
    #expect(text.contains("自动上锁延时"))
  }

  @Test("the chart's data has time, last, lowest and highest")
  func history() async throws {
    let world = try await World.make()
    let id = try await world.device("LK-101").device.id
    let answer = try await world.get("/devices/\(id)/history.json?metric=batteryPercent&range=1h")
    #expect(answer.headers[.contentType] == "application/json")
    #expect(answer.text.contains("\"unit\":\"%\"") && answer.text.contains(",90,89,91]"))
    #expect(try await world.get("/devices/\(id)/history.json?metric=none").status == .notFound)
  }

  @Test("a dangerous command's form names object and effect, and its button is red")
  func commandForm() async throws {
    let world = try await World.make()
    let id = try await world.device("LK-201").device.id
    let text = try await world.get("/devices/\(id)/commands/unlock", fragment: true).text
    #expect(text.contains("3 号楼 201 门锁") && text.contains("此操作会改变现场状态"))
    #expect(text.contains("btn-d") && text.contains("name=\"a-seconds\""))
    #expect(try await world.get("/devices/\(id)/commands/none").status == .notFound)
  }

  @Test("a form sent twice is one command")
  func idempotent() async throws {
    let world = try await World.make()
    let id = try await world.device("LK-201").device.id
    for _ in 0..<2 {
      let answer = try await world.post("/devices/\(id)/commands/unlock", "key=one&a-seconds=5")
      #expect(answer.status == .seeOther)
    }
    let commands = try await world.devices.commands(CommandQuery(device: id), by: world.principal).items
    #expect(commands.count == 1)
    #expect(commands.first?.arguments == ["seconds": .integer(5)])
  }

  @Test("a wrong argument is told at its field, and what was typed is kept", arguments: ["9999", "soon"])
  func badArgument(_ seconds: String) async throws {
    let world = try await World.make()
    let id = try await world.device("LK-201").device.id
    let answer = try await world.post("/devices/\(id)/commands/unlock", "key=k&a-seconds=\(seconds)", fragment: true)
    #expect(answer.status == .unprocessableContent)
    #expect(answer.text.contains("id=\"e-seconds\"") && answer.text.contains("value=\"\(seconds)\""))
    #expect(try await world.devices.commands(CommandQuery(device: id), by: world.principal).items.isEmpty)
  }

  @Test("a command's steps never show more than is known")
  func steps() async throws {
    let world = try await World.make()
    let id = try await world.device("LK-201").device.id
    _ = try await world.post("/devices/\(id)/commands/unlock", "key=k")
    let text = try await world.get("/devices/\(id)?tab=commands").text
    #expect(text.contains("data-state=\"queued\"") && text.contains("<li class=\"now\"><span class=\"dot\"></span>下发"))
    #expect(!text.contains("<li class=\"ok\"><span class=\"dot\"></span>核实"))
  }

  @Test("a twin's desired value is set, shown as not yet applied, and taken back")
  func twin() async throws {
    let world = try await World.make()
    let id = try await world.device("LK-201").device.id
    let path = "/devices/\(id)/twin/autoLockSeconds"
    #expect(try await world.get(path, fragment: true).text.contains("name=\"a-autoLockSeconds\""))
    #expect(try await world.post(path, "a-autoLockSeconds=10").status == .seeOther)
    #expect(try await world.get("/devices/\(id)").text.contains("<span class=\"diff\">10 s</span>"))
    #expect(try await world.post(path, "a-autoLockSeconds=99999").status == .unprocessableContent)
    #expect(try await world.post(path, "withdraw=yes").status == .seeOther)
    #expect(!(try await world.get("/devices/\(id)").text.contains("class=\"diff\"")))
    #expect(try await world.get("/devices/\(id)/twin/locked").status == .notFound)
  }

  @Test("an alarm is taken by one click and closed with a note only", .clause("6.2.1", "8.6d"))
  func alarm() async throws {
    let world = try await World.make()
    try await world.happens("smokeAlarm", at: "SD-201")
    let alarm = try #require(try await world.alarms.list(AlarmQuery(), by: world.principal).items.first)
    let taken = try await world.post("/alarms/\(alarm.id)/acknowledge", fragment: true)
    #expect(taken.status == .ok && taken.text.contains("al done"))
    let empty = try await world.post("/alarms/\(alarm.id)/close", "note=", fragment: true)
    #expect(empty.status == .unprocessableContent && empty.text.contains("请填写处理说明"))
    let early = try await world.post("/alarms/\(alarm.id)/close", "note=ok", fragment: true)
    #expect(early.status == .unprocessableContent && early.text.contains("设备尚未复位"))
    let closed = try await world.post("/alarms/\(alarm.id)/close", "note=ok&withoutReset=yes", fragment: true)
    #expect(closed.status == .ok)
    let page = try await world.get("/alarms/\(alarm.id)").text
    #expect(page.contains("Test 确认") && page.contains("Test 关闭"))
  }

  @Test("the list of alarms is filtered, and exported as filtered")
  func alarms() async throws {
    let world = try await World.make()
    try await world.happens("smokeAlarm", at: "SD-201")
    try await world.happens("lowBattery", at: "LK-102")
    #expect(try await world.get("/alarms?level=fault").text.matches(of: #/<tr><td>/#).count == 1)
    let csv = try await world.get("/alarms?level=crit&format=csv").text
    #expect(csv.split(separator: "\r\n").count == 2 && csv.contains("烟雾报警"))
  }
}
