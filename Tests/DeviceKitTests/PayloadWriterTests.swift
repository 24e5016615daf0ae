import Testing

@testable import DeviceKit

@Suite("Payloads")
struct PayloadWriterTests {
  @Test("decimals are written exactly, texts are escaped")
  func values() {
    var writer = PayloadWriter()
    writer.put(
      "values",
      [
        "a": .decimal(-5, scale: 3), "b": .decimal(21_50, scale: 2), "c": "q\"\\\n\u{1}安",
        "d": true, "e": .decimal(7, scale: 0),
      ])
    let text = String(decoding: writer.finish(), as: UTF8.self)
    #expect(
      text == "{\"values\":{\"a\":-0.005,\"b\":21.50,\"c\":\"q\\\"\\\\\\u000a\\u0001安\",\"d\":true,\"e\":7}}")
  }

  @Test("names of devices are those that topics take")
  func names() {
    for good in ["LK-0803", "a", "A.b_c-9", String(repeating: "x", count: 64)] { #expect(DeviceIdentity.isName(good)) }
    for bad in ["", "a/b", "a+b", "#", "安", " a", String(repeating: "x", count: 65)] {
      #expect(!DeviceIdentity.isName(bad))
    }
  }
}
