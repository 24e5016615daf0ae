import Devices
import Hummingbird
import Kernel
import NIOCore
import OpenAPI

extension Console {
  /// The ranges of the chart: its name, seconds back, and seconds of a bucket.
  static let ranges: [(key: String, seconds: Int64, bucket: Int)] = [
    ("1h", 3_600, 15), ("24h", 86_400, 300), ("7d", 7 * 86_400, 1_800), ("30d", 30 * 86_400, 7_200),
  ]

  func overview(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let id = detail.device.id
    let latest = try await services.devices.latest(id, by: principal)
    var view = try await commandsView(detail, visit, principal, limit: 5)
    view.merge(try await twinView(detail, visit, principal)) { _, new in new }
    view.merge(factsView(detail, visit)) { _, new in new }
    view.merge(try await daysView(detail, visit, principal)) { _, new in new }
    let drawn = drawnProperty(detail, latest, visit)
    view["values"] = .list(latest.map { valueView($0, detail, drawn, visit) })
    view["hasValues"] = .flag(!latest.isEmpty)
    if let drawn { view.merge(try await chartView(drawn, detail, visit, principal)) { _, new in new } }
    return view
  }

  /// The property of the chart: the one asked for, else one that says much over time, else the first number.
  private func drawnProperty(
    _ detail: DeviceDetail, _ latest: [LatestValue], _ visit: Visit
  ) -> ThingModel.Property? {
    if let asked = visit.query["metric"], let property = detail.model.property(asked) { return property }
    if let telling = DeviceLook.drawn(latest) ?? DeviceLook.headline(latest) {
      return detail.model.property(telling.property)
    }
    return latest.first.flatMap { detail.model.property($0.property) }
  }

  private func valueView(
    _ value: LatestValue, _ detail: DeviceDetail, _ drawn: ThingModel.Property?, _ visit: Visit
  ) -> ViewValue {
    let property = detail.model.property(value.property)
    let text = property.map { ValueText(value.value, $0.field, visit.words, formats) }
    return .object(visit.since(value.deviceTime)).with([
      "key": .text(value.property), "name": .text(property?.name.text(visit.language) ?? value.property),
      "value": .text(text?.text ?? value.value.description), "unit": .text(text?.unit ?? ""),
      "href": .text(visit.query.address(["metric": value.property, "part": nil]) + "#chart"),
      "here": .flag(drawn?.key == value.property),
    ])
  }

  // MARK: Chart

  private func chartView(
    _ property: ThingModel.Property, _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let range = range(visit)
    let own = PageQuery(
      path: "/devices/\(detail.device.id)/history.json", values: ["metric": property.key, "range": range.key])
    let points = try await points(property, range, detail.device.id, visit, principal)
    let rows = points.suffix(100).reversed().map { point -> ViewValue in
      [
        "at": .text(formats.moment(point.at)),
        "value": .text(ValueText(point.last, property.field, visit.words, formats).whole),
        "low": .text(point.low.map { ValueText($0, property.field, visit.words, formats).whole } ?? ""),
        "high": .text(point.high.map { ValueText($0, property.field, visit.words, formats).whole } ?? ""),
      ]
    }
    return [
      "chart": .text(own.address()), "metricName": .text(property.name.text(visit.language)),
      "hasPoints": .flag(!points.isEmpty), "points": .list(Array(rows)),
      "ranges": .list(
        Self.ranges.map { each in
          [
            "name": .text(visit.words("range.\(each.key)")), "here": .flag(each.key == range.key),
            "href": .text(visit.query.address(["range": each.key, "metric": property.key]) + "#chart"),
          ]
        }),
    ]
  }

  private func range(_ visit: Visit) -> (key: String, seconds: Int64, bucket: Int) {
    Self.ranges.first { $0.key == visit.query["range"] } ?? Self.ranges[1]
  }

  private struct Point {
    let at: Instant
    let last: PropertyValue
    var low: PropertyValue?
    var high: PropertyValue?
  }

  private func points(
    _ property: ThingModel.Property, _ range: (key: String, seconds: Int64, bucket: Int), _ device: ID<Device>,
    _ visit: Visit, _ principal: Principal
  ) async throws -> [Point] {
    let to = visit.now.advanced(by: .seconds(60))
    let from = visit.now.advanced(by: .seconds(-range.seconds))
    var bucket: Int? = range.bucket
    if case .text = property.type { bucket = nil }
    let history = try await services.devices.history(
      device,
      HistoryQuery(property: property.key, from: from, to: to, bucketSeconds: bucket, limit: 2_000), by: principal)
    switch history {
    case .samples(let samples, _): return samples.map { Point(at: $0.at, last: $0.value) }
    case .buckets(let buckets):
      return buckets.filter { $0.count > 0 }.map { bucket in
        guard bucket.count > 1 else { return Point(at: bucket.start, last: bucket.last) }
        return Point(at: bucket.start, last: bucket.last, low: bucket.minimum, high: bucket.maximum)
      }
    }
  }

  /// What `<e-chart>` draws.
  private struct Chart: Encodable {
    /// The ends of the time axis, milliseconds: what was asked for, not what there happens to be.
    let from: Int64
    let to: Int64
    let name: String
    let unit: String
    let step: Bool
    /// Milliseconds, value, and where there was more than one, lowest and highest.
    let points: [[Double]]
    /// For enumerations and booleans: the words of 0, 1, 2, …
    let labels: [String]?
  }

  func historyJSON(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let id: ID<Device> = try visit.id("device")
    let detail = try await services.devices.device(id, by: principal)
    guard let property = visit.query["metric"].flatMap({ detail.model.property($0) }) else {
      throw Problem.notFound("property")
    }
    let range = range(visit)
    let points = try await points(property, range, id, visit, principal)
    let scale = chartScale(property, visit.words)
    let chart = Chart(
      from: visit.now.advanced(by: .seconds(-range.seconds)).milliseconds, to: visit.now.milliseconds,
      name: property.name.text(visit.language), unit: scale.unit, step: scale.labels != nil,
      points: points.map { point in
        let values = [point.last, point.low, point.high].compactMap { $0 }
        return [Double(point.at.milliseconds)] + values.map { scale.number($0) }
      },
      labels: scale.labels)
    return try json(chart)
  }

  /// How a property's values become numbers of an axis. Only for drawing: sums are never made of these.
  private func chartScale(
    _ property: ThingModel.Property, _ words: Words
  ) -> (unit: String, labels: [String]?, number: (PropertyValue) -> Double) {
    switch (property.type, property.unit) {
    case (.bool, _): return ("", [words("value.no"), words("value.yes")], Self.plain)
    case (.enumeration(let choices), _):
      let keys = choices.map(\.key)
      return (
        "", choices.map { $0.name.text(words.language) },
        { value in
          if case .text(let key) = value { return Double(keys.firstIndex(of: key) ?? 0) }
          return Self.plain(value)
        }
      )
    case (_, "Wh"): return ("kWh", nil, { Self.plain($0) / 1_000 })
    case (_, "L"): return ("m³", nil, { Self.plain($0) / 1_000 })
    default: return (property.unit, nil, Self.plain)
    }
  }

  private static func plain(_ value: PropertyValue) -> Double {
    switch value {
    case .bool(let flag): flag ? 1 : 0
    case .integer(let number): Double(number)
    case .decimal: Double(value.description) ?? 0
    case .text: 0
    }
  }

  // MARK: Twin, facts, days

  private func twinView(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let twin = try await services.devices.twin(detail.device.id, by: principal)
    let rows = twin.entries.map { entry -> ViewValue in
      let property = detail.model.property(entry.property)
      func text(_ value: PropertyValue?) -> String {
        guard let value else { return "–" }
        return property.map { ValueText(value, $0.field, visit.words, formats).whole } ?? value.description
      }
      return [
        "name": .text(property?.name.text(visit.language) ?? entry.property), "desired": .text(text(entry.desired)),
        "reported": .text(text(entry.reported)), "differs": .flag(entry.differs),
        "at": .text(entry.reportedAt.map { formats.moment($0) } ?? ""),
        "set": visit.may(.devicesWrite) ? .text("/devices/\(detail.device.id)/twin/\(entry.property)") : .none,
      ]
    }
    return ["twin": .list(rows), "hasTwin": .flag(!rows.isEmpty), "twinDiffers": .flag(twin.differs)]
  }

  private func factsView(_ detail: DeviceDetail, _ visit: Visit) -> [String: ViewValue] {
    let words = visit.words
    let liveness = detail.liveness
    let contract = detail.model.liveness
    var facts: [(String, String)] = [
      ("device.connection", words(liveness.connected ? "device.connected" : "device.notConnected")),
      ("device.since", liveness.since.map { formats.moment($0) } ?? ""),
      ("device.last", liveness.lastMessageAt.map { formats.moment($0) } ?? words("time.never")),
      (
        "device.contract",
        words(
          "device.contractText",
          [
            "every": formats.number(contract.reportIntervalSeconds),
            "stale": formats.number(contract.staleAfterSeconds),
            "offline": formats.number(contract.offlineAfterSeconds),
          ])
      ),
      ("device.firmware", detail.hello?.firmware ?? ""),
      ("device.boot", detail.hello.map { "\(formats.number($0.boot)) · \(formats.moment($0.at))" } ?? ""),
      ("device.gateway", detail.gatewayName?.description ?? ""),
      ("device.subDevices", detail.subDevices.isEmpty ? "" : formats.number(detail.subDevices.count)),
      ("device.registered", formats.moment(detail.device.registeredAt)),
    ]
    facts += detail.device.approvals.map { ("device.approval", "\($0.standard) \($0.number)") }
    let certificate = detail.certificates.filter { $0.revokedAt == nil }.max { $0.notAfter < $1.notAfter }
    let state = certificate.map { certificateState($0, visit.now) }
    return [
      "facts": .list(
        facts.filter { !$0.1.isEmpty }.map { ["name": .text(words($0.0)), "value": .text($0.1)] }),
      "certificate": certificate.map { certificate in
        [
          "to": .text(formats.day(certificate.notAfter).description), "tone": .text(state?.tone ?? ""),
          "stateName": .text(words("certificate.\(state?.key ?? "")")),
        ]
      } ?? .none,
      "missing": detail.missingApprovals.isEmpty
        ? .none : .text(words("device.missingApprovals", ["names": detail.missingApprovals.joined(separator: ", ")])),
    ]
  }

  private func daysView(
    _ detail: DeviceDetail, _ visit: Visit, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let today = formats.day(visit.now)
    let first = today.adding(days: -13)
    let days = try await services.devices.completeness(detail.device.id, from: first, through: today, by: principal)
    let views = (Int64(0)..<14).map { offset -> ViewValue in
      let date = first.adding(days: offset)
      let nothing = DayCompleteness(day: date, received: 0, missing: 0, duplicates: 0, rejected: 0)
      let day = days.first { $0.day == date } ?? nothing
      let heard = day.received + day.missing > 0
      let height = heard ? max(2, day.perTenThousand * 44 / 10_000) : 0
      let tone = day.perTenThousand >= 9_950 ? "" : day.perTenThousand >= 9_000 ? "wr" : "bd"
      return [
        "day": .text(String(formats.shortDay(day.day).suffix(2))), "date": .text(day.day.description),
        "height": .text(String(height)), "top": .text(String(44 - height)), "tone": .text(tone),
        "percent": .text(heard ? formats.percent(perTenThousand: day.perTenThousand) + "%" : "–"),
        "received": .text(formats.number(day.received)), "missing": .text(formats.number(day.missing)),
        "duplicates": .text(formats.number(day.duplicates)), "rejected": .text(formats.number(day.rejected)),
      ]
    }
    return ["days": .list(views), "hasDays": .flag(!days.isEmpty)]
  }
}
