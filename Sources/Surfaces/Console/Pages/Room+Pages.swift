import Alarms
import Devices
import Estate
import Hummingbird
import Kernel
import OpenAPI

extension Console {
  /// A room with its devices and open alarms: a page, and for htmx the drawer of the board.
  func roomPage(_ visit: Visit) async throws -> Response {
    let principal = try visit.principal()
    let id: ID<Room> = try visit.id("room")
    let words = visit.words
    let place = try await services.estate.room(id, by: principal)
    let devices = try await services.devices.list(
      DeviceQuery(room: id, page: PageRequest(limit: 200)), by: principal
    ).items
    let alarms = try await services.alarms.list(
      AlarmQuery(room: id, page: PageRequest(limit: 20)), by: principal
    ).items
    let values = try await services.devices.latest(devices.map(\.device.id), by: principal)
    let state = RoomState(worst: alarms.map(\.level).max(), devices: devices.map(\.liveness.state))
    let name = place.text
    let view: ViewValue = [
      "drawer": .flag(visit.isFragment), "roomName": .text(name), "stateTone": .text(state.tag),
      "stateName": .text(words("roomState.\(state.rawValue)")),
      "buildingName": .text("\(place.projectName) · \(place.buildingName)"),
      "unitName": .text(words.counted("board.unit", place.unitName)),
      "floorName": .text(words.counted("board.floor", place.floorName)), "hasAlarms": .flag(!alarms.isEmpty),
      "alarms": .list(alarms.map { card($0, visit) }),
      "deviceCount": .text(words("board.devices", ["n": String(devices.count)])),
      "devices": .list(devices.map { roomDevice($0, values[$0.device.id] ?? [], alarms, visit) }),
    ]
    return try await page(
      visit, "room", title: name, place: .rooms,
      crumbs: [
        Crumb(name: place.projectName),
        Crumb(name: place.buildingName, href: "/rooms?building=\(place.room.building)"), Crumb(name: place.room.name),
      ],
      live: "on=alarms", view: view, fragment: "room")
  }

  private func roomDevice(
    _ summary: DeviceSummary, _ values: [LatestValue], _ alarms: [Alarm], _ visit: Visit
  ) -> ViewValue {
    let words = visit.words
    let state = summary.liveness.state
    let alarm = alarms.first { $0.source.device == summary.device.id }
    var tag: ViewValue = .none
    if let alarm {
      tag = ["tone": .text(AlarmTone(alarm.level).tag), "text": .text(alarm.source.name.text(words.language))]
    } else if state != .online {
      tag = ["tone": .text(DeviceLook.tone(state)), "text": .text(words("liveness.\(state.rawValue)"))]
    }
    return [
      "id": .text(summary.device.id.description), "name": .text(summary.device.name.description),
      "kindName": .text(words("kind.\(summary.device.kind.rawValue)")),
      "icon": .text(DeviceLook.icon(summary.device.kind)),
      "reading": .optional(DeviceLook.reading(values, words, formats)), "tag": tag,
    ]
  }
}
