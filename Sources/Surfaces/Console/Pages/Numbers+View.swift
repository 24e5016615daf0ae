import Alarms
import Devices
import Kernel

extension Console {
  /// One number of the strip.
  func number(
    _ key: String, _ value: String, _ visit: Visit, unit: String = "", href: String, hot: Bool = false,
    subs: [(text: String, tone: String)] = []
  ) -> ViewValue {
    [
      "key": .text(key), "name": .text(visit.words("number.\(key)")), "value": .text(value), "unit": .text(unit),
      "href": .text(href), "hot": .flag(hot),
      "subs": .list(subs.map { ["text": .text($0.text), "tone": .text($0.tone)] }),
    ]
  }

  /// The four numbers about devices and alarms that the strips of two pages share.
  func deviceNumbers(
    _ devices: [(kind: DeviceKind, state: LivenessState)], _ visit: Visit, _ principal: Principal
  ) async throws -> [ViewValue] {
    let words = visit.words
    let online = devices.count { $0.state == .online }
    let stale = devices.count { $0.state == .stale }
    let offline = devices.count { $0.state == .offline }
    let unseen = devices.count { $0.state == .unseen }
    let counts = try await services.alarms.counts(by: principal).lines
    let open = counts.reduce(0) { $0 + $1.open }
    let untaken = counts.reduce(0) { $0 + $1.unacknowledged }
    let critical = counts.filter { $0.level == .critical }.reduce(0) { $0 + $1.open }
    return [
      number(
        "alarms_open", formats.number(open), visit, unit: words("unit.items"), href: "/alarms", hot: critical > 0,
        subs: [
          (words("number.critical", ["n": formats.number(critical)]), critical > 0 ? "bad" : ""),
          (words("number.untaken", ["n": formats.number(untaken)]), ""),
        ]),
      number(
        "online", formats.percent(perTenThousand: formats.perTenThousand(online, of: devices.count)), visit, unit: "%",
        href: "/devices",
        subs: [(words("number.onlineOf", ["n": formats.number(online), "all": formats.number(devices.count)]), "")]),
      number(
        "offline", formats.number(offline), visit, unit: words("unit.devices"), href: "/devices?liveness=offline",
        subs: [(words("number.stale", ["n": formats.number(stale)]), stale > 0 ? "wr" : "")]),
      number(
        "unseen", formats.number(unseen), visit, unit: words("unit.devices"), href: "/devices?liveness=unseen",
        subs: [(words("number.unseenHint"), "")]),
    ]
  }
}
