/// What can happen to a virtual device: misuse, accidents, and what ends them.
package enum Mischief: Hashable, Sendable {
  // any device
  case losePower, restorePower, loseNetwork, restoreNetwork
  /// The hardware clock jumps by so many milliseconds.
  case drift(milliseconds: Int64)
  /// Each of the next messages is sent twice.
  case repeatMessages(count: Int)
  /// The next messages are held back and sent in reverse.
  case reorder(count: Int)
  /// Readings at a rate a second, for so many seconds.
  case flood(perSecond: Int, seconds: Int)
  case lowBattery, newBattery
  case fault(code: String), repair
  // lock
  case tamper, force
  case wrongPasswords(count: Int)
  /// A credential is presented: method and secret.
  case present(method: String, secret: String)
  case openFromInside, closeDoor
  // detectors
  case fire, extinguish, remove, mount
  // meters
  case magnet, removeMagnet, openCover, closeCover
  /// The mains fail or come back (electricity meter, electrical-fire detector).
  case mainsOff, mainsOn
}

extension Mischief {
  /// One word of the command line and its arguments.
  package struct Word: Sendable {
    package let name: String
    /// The arguments with their defaults, for the help.
    package let arguments: String
    package let help: String
  }

  /// Every word, in the order of the help.
  package static let words: [Word] = [
    Word(name: "lose-power", arguments: "", help: "the device is off"),
    Word(name: "restore-power", arguments: "", help: "it starts again"),
    Word(name: "lose-network", arguments: "", help: "no packet comes through"),
    Word(name: "restore-network", arguments: "", help: "packets come through again"),
    Word(name: "drift", arguments: "MILLISECONDS", help: "the clock jumps by so much"),
    Word(name: "repeat", arguments: "[COUNT=10]", help: "the next messages are sent twice"),
    Word(name: "reorder", arguments: "[COUNT=10]", help: "the next messages are sent in reverse"),
    Word(name: "flood", arguments: "[PER-SECOND=100] [SECONDS=10]", help: "readings in masses"),
    Word(name: "low-battery", arguments: "", help: "the battery falls to 15 %"),
    Word(name: "new-battery", arguments: "", help: "a full battery"),
    Word(name: "fault", arguments: "[CODE]", help: "a part fails"),
    Word(name: "repair", arguments: "", help: "the part works again"),
    Word(name: "tamper", arguments: "", help: "lock: somebody pries at it"),
    Word(name: "force", arguments: "", help: "lock: the door is forced open"),
    Word(name: "wrong-passwords", arguments: "[COUNT=5]", help: "lock: wrong passwords in a row"),
    Word(name: "present", arguments: "METHOD SECRET", help: "lock: a credential is presented"),
    Word(name: "open-inside", arguments: "", help: "lock: the handle inside is pressed"),
    Word(name: "close-door", arguments: "", help: "lock: the door falls shut"),
    Word(name: "fire", arguments: "", help: "detector: smoke, or current and heat, rise"),
    Word(name: "extinguish", arguments: "", help: "detector: the fire is out"),
    Word(name: "remove", arguments: "", help: "smoke detector: taken off its base"),
    Word(name: "mount", arguments: "", help: "smoke detector: put back"),
    Word(name: "magnet", arguments: "", help: "meter: a magnet is held to it"),
    Word(name: "remove-magnet", arguments: "", help: "meter: the magnet is gone"),
    Word(name: "open-cover", arguments: "", help: "meter: the cover is opened"),
    Word(name: "close-cover", arguments: "", help: "meter: the cover is closed"),
    Word(name: "mains-off", arguments: "", help: "electricity meter, electrical-fire detector: no mains"),
    Word(name: "mains-on", arguments: "", help: "the mains are back"),
  ]

  /// Reads a word and its arguments; nil when it is none, or an argument is out of range.
  package init?(_ word: String, _ arguments: [String] = []) {
    func number(_ index: Int, _ standard: Int, _ range: ClosedRange<Int>) -> Int? {
      guard index < arguments.count else { return standard }
      return Int(arguments[index]).flatMap { range.contains($0) ? $0 : nil }
    }
    if let plain = Self.plain[word] {
      guard arguments.isEmpty else { return nil }
      self = plain
      return
    }
    switch word {
    case "drift":
      guard let text = arguments.first, let by = Int64(text), abs(by) <= 3_155_760_000_000 else { return nil }
      self = .drift(milliseconds: by)
    case "repeat":
      guard let count = number(0, 10, 1...10_000) else { return nil }
      self = .repeatMessages(count: count)
    case "reorder":
      guard let count = number(0, 10, 2...100) else { return nil }
      self = .reorder(count: count)
    case "flood":
      guard let rate = number(0, 100, 1...10_000), let seconds = number(1, 10, 1...3_600) else { return nil }
      self = .flood(perSecond: rate, seconds: seconds)
    case "fault": self = .fault(code: arguments.first ?? "")
    case "wrong-passwords":
      guard let count = number(0, 5, 1...100) else { return nil }
      self = .wrongPasswords(count: count)
    case "present":
      guard arguments.count == 2 else { return nil }
      self = .present(method: arguments[0], secret: arguments[1])
    default: return nil
    }
  }

  private static let plain: [String: Mischief] = [
    "lose-power": .losePower, "restore-power": .restorePower, "lose-network": .loseNetwork,
    "restore-network": .restoreNetwork, "low-battery": .lowBattery, "new-battery": .newBattery, "repair": .repair,
    "tamper": .tamper, "force": .force, "open-inside": .openFromInside, "close-door": .closeDoor, "fire": .fire,
    "extinguish": .extinguish, "remove": .remove, "mount": .mount, "magnet": .magnet, "remove-magnet": .removeMagnet,
    "open-cover": .openCover, "close-cover": .closeCover, "mains-off": .mainsOff, "mains-on": .mainsOn,
  ]
}
