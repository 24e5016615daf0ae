import DeviceKit

extension LockProgram {
  /// A credential is presented at the door. Decided by what is on the lock, with or without a network (6.1.2 c).
  mutating func present(method: String, secret: String, _ desk: inout DeviceDesk) {
    if method == "password", isLockedOut {
      return records.add(method: method, credential: "", refusal: "lockedOut", &desk)
    }
    guard let found = credentials.values.first(where: { $0.matches(method: method, secret: secret) }) else {
      records.add(method: method, credential: "", refusal: "unknown", &desk)
      if method == "password" { countWrongPassword(&desk) }
      return
    }
    if desk.time < found.validFrom {
      records.add(method: method, credential: found.id, refusal: "notYet", &desk)
    } else if desk.time > found.validUntil {
      records.add(method: method, credential: found.id, refusal: "expired", &desk)
    } else {
      open(method: method, credential: found.id, seconds: nil, &desk)
    }
  }

  /// The bolt moves back; the door is opened, and locks again by itself.
  mutating func open(method: String, credential: String, seconds: Int64?, _ desk: inout DeviceDesk) {
    wrongPasswordCount = 0
    isLocked = false
    battery.use(partsPerMillion: 30, &desk)
    records.add(method: method, credential: credential, refusal: "", &desk)
    desk.report(["locked": false])
    let delay = seconds ?? max(1, settingsBook.integer("autoLockSeconds"))
    timetable.set(.autoLock, at: desk.moment.uptimeMilliseconds + delay * 1_000)
  }

  /// The bolt moves forward, if the door is shut.
  mutating func lockAgain(_ desk: inout DeviceDesk) {
    if isDoorOpen {
      return timetable.set(.autoLock, at: desk.moment.uptimeMilliseconds + 2_000)
    }
    guard !isLocked else { return }
    isLocked = true
    battery.use(partsPerMillion: 30, &desk)
    desk.raise("lockedAgain", .info)
    desk.report(["locked": true])
  }

  mutating func openDoor(_ desk: inout DeviceDesk) {
    isDoorOpen = true
    timetable.set(.ajar, at: desk.moment.uptimeMilliseconds + Self.ajarMilliseconds)
    desk.report(["door": "open"])
  }

  mutating func closeDoor(_ desk: inout DeviceDesk) {
    guard isDoorOpen else { return }
    isDoorOpen = false
    timetable.set(.ajar, at: nil)
    desk.raise("closed", .info)
    desk.report(["door": "closed"])
  }

  /// At the limit: an alarm, and the keypad rests (6.1.2 d).
  private mutating func countWrongPassword(_ desk: inout DeviceDesk) {
    wrongPasswordCount += 1
    guard wrongPasswordCount >= settingsBook.integer("wrongPasswordLimit") else { return }
    desk.raise("wrongPassword", .alarm, ["attempts": .integer(wrongPasswordCount)])
    wrongPasswordCount = 0
    isLockedOut = true
    timetable.set(
      .keypad, at: desk.moment.uptimeMilliseconds + settingsBook.integer("keypadPauseSeconds") * 1_000)
    desk.report(["lockedOut": true, "wrongPasswordCount": 0])
  }

  mutating func setTampered(_ isNow: Bool, _ desk: inout DeviceDesk) {
    guard isTampered != isNow else { return }
    isTampered = isNow
    desk.remember("tampered", number: isNow ? 1 : 0)
    if isNow { desk.raise("tamper", .alarm) } else { desk.raise("tamperCleared", .info) }
    desk.report(["tampered": .bool(isNow)])
  }

  // MARK: the residents' life

  /// Somebody comes or goes.
  mutating func live(_ desk: inout DeviceDesk) {
    guard !isTampered, faultCode == nil, resident != .nobody else { return }
    let comes = credentials.values.filter { $0.validFrom <= desk.time && $0.validUntil >= desk.time }
      .min { $0.id < $1.id }
    if let credential = comes, Bool.random(using: &desk.random) {
      open(method: credential.method, credential: credential.id, seconds: nil, &desk)
    } else {
      open(method: "inside", credential: "", seconds: nil, &desk)
    }
    openDoor(&desk)
    timetable.set(
      .doorMoves, at: desk.moment.uptimeMilliseconds + Int64.random(in: 2_000...9_000, using: &desk.random))
  }

  mutating func planLife(_ desk: inout DeviceDesk) {
    guard let minutes = resident.minutesToNextPassage(at: desk.time, using: &desk.random) else { return }
    timetable.set(.life, at: desk.moment.uptimeMilliseconds + minutes * 60_000)
  }
}
