import Foundation
import Kernel
import TestSupport
import Testing

@testable import Devices

@Suite("Thing models")
struct ThingModelTests {
  static let minimal = """
    {"model":"x.y","version":1,"kind":"other","name":{"zh-CN":"甲","en":"A"},
     "liveness":{"connection":"permanent","reportIntervalSeconds":60,"staleAfterSeconds":130,"offlineAfterSeconds":60},
     "properties":[PROPERTIES],"events":[EVENTS],"services":[SERVICES]}
    """

  static func model(properties: String = "", events: String = "", services: String = "") throws -> ThingModel {
    let text = minimal.replacingOccurrences(of: "PROPERTIES", with: properties)
      .replacingOccurrences(of: "EVENTS", with: events).replacingOccurrences(of: "SERVICES", with: services)
    return try ThingModel(json: Array(text.utf8))
  }

  static func property(_ rest: String) -> String { "{\"key\":\"a\",\"name\":{\"zh-CN\":\"甲\",\"en\":\"A\"},\(rest)}" }

  @Test("the models of the six kinds and the gateway come with the program and are right", .clause("5.1a", "5.1b1"))
  func builtIn() throws {
    let models = try ThingModelCatalogue().all(of: .init(high: 1, low: 1))
    #expect(
      Set(models.map(\.kind)) == [
        .lock, .smokeDetector, .electricalFireDetector, .electricityMeter, .waterMeter, .gasMeter, .gateway,
      ])
  }

  @Test("the models that come with the program fit the JSON schema, and damaged ones do not")
  func schema() async throws {
    let folder = try #require(Bundle.module.url(forResource: "ThingModels", withExtension: nil) ?? Self.folder)
    let script = """
      import glob, json, sys, os, jsonschema
      folder = sys.argv[1]
      schema = json.load(open(os.path.join(folder, "thing-model.schema.json")))
      jsonschema.Draft202012Validator.check_schema(schema)
      validator = jsonschema.Draft202012Validator(schema)
      names = [n for n in sorted(glob.glob(os.path.join(folder, "*.json"))) if not n.endswith(".schema.json")]
      assert len(names) == 7, names
      for name in names:
          for error in validator.iter_errors(json.load(open(name))):
              sys.exit(f"{name}: {error.json_path}: {error.message}")
      lock = json.load(open(os.path.join(folder, "lock.json")))
      for damage in [lambda m: m.pop("kind"), lambda m: m["properties"][0].update(minimum=1),
                     lambda m: m["properties"][0].update(extra=1), lambda m: m["services"][0]["readBack"].pop("equals"),
                     lambda m: m["liveness"].update(connection="sometimes")]:
          copy = json.loads(json.dumps(lock)); damage(copy)
          if validator.is_valid(copy): sys.exit("a damaged model was taken")
      """
    let outcome = try await ChildProgram.run(.python(["-W", "ignore", "-c", script, folder.path]))
    #expect(outcome.isSuccess, "\(outcome)")
  }

  /// The source's own folder, for a test run without resources of its own.
  static var folder: URL? {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources/Contexts/Devices/ThingModels")
  }

  @Test("a wrong model is refused with the place of the mistake")
  func mistakes() throws {
    func expect(_ path: String, _ make: () throws -> ThingModel) {
      do {
        _ = try make()
        Issue.record("taken in spite of \(path)")
      } catch let error as DevicesError {
        guard case .modelInvalid(let found, _) = error else { Issue.record("\(error)"); return }
        #expect(found == path)
      } catch { Issue.record("\(error)") }
    }
    let service = "\"key\":\"s\",\"name\":{\"zh-CN\":\"甲\",\"en\":\"A\"},\"deadlineSecondsDefault\":10"
    expect("/") { try ThingModel(json: Array("nothing".utf8)) }
    expect("/version") { try ThingModel(json: Array("{\"model\":\"a\"}".utf8)) }
    expect("/properties/0/type") {
      try Self.model(properties: Self.property("\"type\":\"float\",\"dataClass\":\"state\""))
    }
    expect("/properties/0/minimum") {
      try Self.model(properties: Self.property("\"type\":\"integer\",\"maximum\":1,\"dataClass\":\"state\""))
    }
    expect("/properties/0/minimum") {
      try Self.model(
        properties: Self.property("\"type\":\"integer\",\"minimum\":2,\"maximum\":1,\"dataClass\":\"state\""))
    }
    expect("/properties/0/scale") {
      try Self.model(properties: Self.property("\"type\":\"bool\",\"scale\":1,\"dataClass\":\"state\""))
    }
    expect("/properties/0/dataClass") { try Self.model(properties: Self.property("\"type\":\"bool\"")) }
    expect("/properties/1/key") {
      let one = Self.property("\"type\":\"bool\",\"dataClass\":\"state\"")
      return try Self.model(properties: "\(one),\(one)")
    }
    expect("/events/0/clearedBy") {
      try Self.model(events: Self.property("\"level\":\"alarm\",\"clearedBy\":\"gone\""))
    }
    expect("/services/0/readBack/property") {
      try Self.model(
        services: "{\(service),\"readBack\":{\"property\":\"b\",\"equals\":true,\"withinSeconds\":1}}")
    }
    expect("/services/0/readBack/equals") {
      try Self.model(
        properties: Self.property("\"type\":\"bool\",\"dataClass\":\"state\""),
        services: "{\(service),\"readBack\":{\"property\":\"a\",\"equals\":3,\"withinSeconds\":1}}")
    }
  }

  @Test("every property of every model is found by the bytes of its name, and nothing else is")
  func compiled() throws {
    for model in try ThingModelCatalogue().all(of: .init(high: 1, low: 1)) {
      let compiled = CompiledModel(model)
      for (index, property) in model.properties.enumerated() {
        #expect(compiled.property(named: property.key)?.index == UInt16(index))
        #expect(compiled.property(named: property.key + "x") == nil)
        #expect(compiled.property(named: String(property.key.dropLast())) == nil)
      }
      #expect(compiled.property(named: "") == nil)
    }
  }

  @Test("a number is taken in the property's scale, exactly or not at all", arguments: [
    (12_345, 2, 123_450 as Int64?), (1, 0, 1_000), (12_345_678, 5, nil), (12_345_600, 5, 123_456),
    (Int64.max, 0, nil), (0, 300, 0),
  ] as [(Int64, Int, Int64?)])
  func scale(mantissa: Int64, given: Int, expected: Int64?) throws {
    let rule = try #require(CompiledModel(try Self.model(properties: Self.property(
      "\"type\":\"decimal\",\"scale\":3,\"minimum\":0,\"maximum\":100,\"dataClass\":\"state\""))).rule(at: 0))
    #expect(rule.scaled(mantissa: mantissa, scale: given) == expected)
    #expect(rule.maximum == 100_000)
  }

  @Test("locks know tampering, low battery and wrong passwords, and keep opening records", .clause("6.1.2d", "6.1.2e"))
  func lockModel() throws {
    let found = try ThingModelCatalogue().model("lock.basic", version: 1, organisation: .init(high: 1, low: 1))
    let lock = try #require(found).model
    for (event, level) in [("tamper", EventLevel.alarm), ("lowBattery", .fault), ("wrongPassword", .alarm)] {
      #expect(lock.event(event).map { $0.level >= level } == true)
    }
    #expect(lock.event("opened")?.values.contains { $0.key == "record" } == true)
    guard case .integer(let range)? = lock.property("wrongPasswordLimit")?.type else {
      Issue.record("no limit of wrong passwords")
      return
    }
    #expect(range.upperBound <= 5)
    #expect(lock.service("unlock")?.dangerous == true)
  }
}
