import Devices
import Kernel
import TestSupport
import Testing

@testable import Console

@Suite("Addresses, forms and formats")
struct FormsTests {
  @Test("an address keeps a table's state, sorted and encoded")
  func address() {
    let query = PageQuery(path: "/devices", values: ["q": "门锁 1&2", "page": "3"])
    #expect(query.address() == "/devices?page=3&q=%E9%97%A8%E9%94%81%201%262")
    #expect(query.address(["page": nil, "sort": "-last"]) == "/devices?q=%E9%97%A8%E9%94%81%201%262&sort=-last")
    #expect(PageQuery(path: "/devices").address(["q": nil]) == "/devices")
  }

  @Test("a number of the address is brought into its range")
  func number() {
    let query = PageQuery(path: "/", values: ["size": "100000", "page": "-4", "x": "many"])
    #expect(query.number("size", in: 10...200, default: 25) == 200)
    #expect(query.number("page", in: 1...9, default: 1) == 1)
    #expect(query.number("x", in: 1...9, default: 5) == 5)
  }

  @Test("going back never leads to another site", arguments: [
    "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a b",
    "/a\u{0d}\u{0a}Set-Cookie: x", "", "/\u{4e2d}",
  ])
  func safePath(_ path: String) {
    #expect(Preferences.safePath(path) == "/")
  }

  @Test("going back leads to our own pages with their state")
  func ownPath() {
    #expect(Preferences.safePath("/devices?q=a&page=2") == "/devices?q=a&page=2")
    #expect(Preferences.safePath(nil) == "/")
  }

  @Test("a form is read with its plus signs and percent codes, and broken ones are left out")
  func form() {
    let form = PageForm(text: "name=%E7%8E%8B+%E6%95%8F&a-seconds=5&bad=%zz&empty=&a-x=1%2B1")
    #expect(form["name"] == "王 敏")
    #expect(form.text("empty") == nil && form["empty"] == "")
    #expect(form["bad"] == nil)
    #expect(form.all("a-") == ["seconds": "5", "x": "1+1"])
  }

  @Test("a cell that a spreadsheet would run is made text")
  func formulas() {
    #expect(CSVText.cell("=1+1") == "'=1+1")
    #expect(CSVText.cell("@cmd") == "'@cmd")
    #expect(CSVText.cell("-12.5") == "-12.5")
    #expect(CSVText.cell("a,\"b\"\n") == "\"a,\"\"b\"\"\n\"")
  }

  @Test("the language follows the browser, and is Chinese when it asks for another", arguments: [
    ("en-GB,zh;q=0.5", Language.english), ("zh-TW", .chinese), ("fr,de", .chinese), ("", .chinese),
    ("fr, en;q=0.2", .english),
  ])
  func language(_ header: String, _ expected: Language) {
    #expect(Language(accept: header) == expected)
  }

  @Test("numbers are grouped, with a true minus sign")
  func numbers() {
    let formats = Formats()
    #expect(formats.number(1_284_200) == "1,284,200")
    #expect(formats.number(-1_284) == "\u{2212}1,284")
    #expect(formats.number(999) == "999")
    #expect(formats.scaled(-5, decimals: 2) == "\u{2212}0.05")
    #expect(formats.decimal("-0.05") == "\u{2212}0.05")
    #expect(formats.number(Int64.min) == "\u{2212}9,223,372,036,854,775,808")
  }

  @Test("a percentage is never rounded up to a hundred")
  func percent() {
    let formats = Formats()
    #expect(formats.percent(perTenThousand: formats.perTenThousand(9_999, of: 10_000)) == "99.9")
    #expect(formats.percent(perTenThousand: formats.perTenThousand(3, of: 3)) == "100")
    #expect(formats.percent(perTenThousand: formats.perTenThousand(0, of: 0)) == "100")
  }

  @Test("moments are written in the estate's time, also before 1970")
  func moments() throws {
    let formats = Formats(offsetMinutes: 480)
    let moment = try #require(Instant(text: "2026-11-23T16:32:08.9Z"))
    #expect(formats.moment(moment) == "2026-11-24 00:32:08")
    #expect(formats.moment(Instant(microseconds: -1)) == "1970-01-01 07:59:59")
  }

  @Test("meters are shown in kWh, cubic metres and yuan, all digits kept", arguments: [
    (PropertyValue.integer(1_284_460), "Wh", "1,284.460 kWh"), (.integer(216_300), "L", "216.300 m³"),
    (.integer(238_640), "fen", "¥2,386.40"), (.integer(87), "%", "87%"),
    (.decimal(mantissa: -35, scale: 1), "°C", "\u{2212}3.5 °C"), (.text("closed"), "", "closed"),
  ])
  func values(_ value: PropertyValue, _ unit: String, _ expected: String) {
    #expect(ValueText(value, unit: unit, Formats()).whole == expected)
  }

  @Test("an argument's text becomes a value of the field's type, or is refused")
  func arguments() {
    #expect(Console.value("21.5", .decimal(scale: 2, 0...10_000)) == .decimal(mantissa: 2_150, scale: 2))
    #expect(Console.value("21.555", .decimal(scale: 2, 0...10_000)) == nil)
    #expect(Console.value("-3", .decimal(scale: 1, -100...100)) == .decimal(mantissa: -30, scale: 1))
    #expect(Console.value("5", .integer(1...60)) == .integer(5))
    #expect(Console.value("5s", .integer(1...60)) == nil)
    #expect(Console.value("yes", .bool) == nil)
  }

  @Test("the loudest thing about a room wins")
  func roomStates() {
    #expect(RoomState(worst: .critical, devices: [.offline]) == .alarm)
    #expect(RoomState(worst: .alarm, devices: [.online]) == .alarm)
    #expect(RoomState(worst: .fault, devices: [.offline]) == .fault)
    #expect(RoomState(worst: .warning, devices: [.online, .offline]) == .offline)
    #expect(RoomState(worst: nil, devices: [.online, .stale]) == .normal)
    #expect(RoomState(worst: nil, devices: []) == .unknown)
    #expect(RoomState(worst: nil, devices: [.unseen, .unseen]) == .unknown)
  }

  @Test("a fault never looks like a fire", .clause("6.2.2c"))
  func tones() {
    #expect(AlarmTone(.critical).card != AlarmTone(.fault).card)
    #expect(EventIcon.name(event: "fault", level: .fault, kind: .smokeDetector) == "unplug")
    #expect(EventIcon.name(event: "smokeAlarm", level: .critical, kind: .smokeDetector) == "flame")
  }
}
