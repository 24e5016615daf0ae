import Alarms
import Devices
import Estate
import Kernel

extension Console {
  /// What a tile says; the event stream sends the same.
  struct Tile: Encodable, Equatable, Sendable {
    let id: String
    let state: String
    let label: String
    let aria: String
    let icon: String
    /// How much of what the board shows, 0 to 4, as a tint of quiet rooms; empty when it shows no amount.
    let amount: String
  }

  func tile(_ room: ID<Room>, _ name: String, _ facts: BoardFacts, _ visit: Visit) -> Tile {
    let words = visit.words
    let state = facts.state(room)
    let devices = facts.devices[room] ?? []
    var label = loudLabel(room, state, facts, visit)
    var amount = ""
    if state == .normal {
      let online = devices.count { $0.liveness.state == .online }
      if let reading = facts.view.reading(facts.values[room] ?? [], words, formats) {
        (label, amount) = (reading.label, String(reading.amount))
      } else if online == devices.count {
        label = words("board.allOnline", ["n": String(online)])
      } else {
        label = words("board.someOnline", ["n": String(online), "all": String(devices.count)])
      }
    }
    return Tile(
      id: room.description, state: state.rawValue, label: label,
      aria: words("board.tile", ["room": name, "state": words("roomState.\(state.rawValue)"), "label": label]),
      icon: state.icon ?? "", amount: amount)
  }

  private func loudLabel(_ room: ID<Room>, _ state: RoomState, _ facts: BoardFacts, _ visit: Visit) -> String {
    let words = visit.words
    let devices = facts.devices[room] ?? []
    switch state {
    case .normal: return ""
    case .alarm, .fault:
      guard let source = facts.worst[room]?.source else { return words("roomState.\(state.rawValue)") }
      let short = words.named("sign", source.event)
      return short == source.event ? source.name.text(words.language) : short
    case .offline:
      let offline = devices.filter { $0.liveness.state == .offline }
      guard offline.count == 1 else { return words("board.offlineMany", ["n": String(offline.count)]) }
      return words("board.offlineOne", ["kind": words("kindShort.\(offline[0].device.kind.rawValue)")])
    case .unknown: return words(devices.isEmpty ? "board.noDevices" : "board.neverSeen")
    }
  }
}
