import CLinux
import Foundation
import Glibc

/// The machine: disk, ports, descriptors, clock.
extension Doctor {
  private static let gibibyte = 1 << 30

  func disk(freeBytes: Int?) -> Finding {
    guard let freeBytes else {
      return .wrong("the free space of \(configuration.dataFolder.path) cannot be read", remedy: "check the disk")
    }
    let text = "\(freeBytes / (Self.gibibyte / 10) / 10).\(freeBytes / (Self.gibibyte / 10) % 10) GiB free for the data"
    if freeBytes < Self.gibibyte / 4 {
      return .wrong(text, remedy: "make room now: intake stops acknowledging when the disk is full")
    }
    if freeBytes < 2 * Self.gibibyte {
      return .warning(text, remedy: "make room, move the folder with --data, or shorten the retention")
    }
    return .good(text)
  }

  func port(_ port: Int, of whom: String, option: String) -> Finding {
    let place = "port \(port) for \(whom)"
    switch Self.bindError(configuration.listenAddress, port) {
    case nil: return .good("\(place) is free")
    case EADDRINUSE where DataFolder.isInUse(configuration.dataFolder):
      return .good("\(place) is taken, and this data folder's server is running")
    case EADDRINUSE:
      return .wrong("\(place) is taken", remedy: "end what uses it (ss -ltnp 'sport = :\(port)') or use \(option)")
    case EACCES: return .wrong("\(place) is not allowed", remedy: "use a port above 1023 with \(option)")
    case let error?:
      return .wrong("\(place): \(String(cString: strerror(error)))", remedy: "check --listen and \(option)")
    }
  }

  func descriptors(limit: Int) -> Finding {
    let text = "up to \(limit) open files and connections"
    return limit < 16_384
      ? .warning(text, remedy: "ulimit -n 65536, or LimitNOFILE=65536 in the service's unit, for 10,000 devices")
      : .good(text)
  }

  func clock(synchronised: Bool) -> Finding {
    synchronised
      ? .good("the clock is kept by a time service")
      : .warning(
        "no time service keeps the clock: alarms and bills would carry a wrong time",
        remedy: "apt install chrony, or timedatectl set-ntp true")
  }

  /// A clock that went back stands behind what was already written.
  func clockAgainstData(now: Date) -> Finding {
    let files = (try? FileManager.default.contentsOfDirectory(
      at: configuration.dataFolder, includingPropertiesForKeys: [.contentModificationDateKey])) ?? []
    let newest = files.compactMap {
      try? $0.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    }.max()
    if let newest, newest > now.addingTimeInterval(60) {
      let minutes = Int(newest.timeIntervalSince(now) / 60)
      return .wrong(
        "the clock stands \(minutes) minutes before the newest data",
        remedy: "set the clock before starting the server")
    }
    return .good("the clock is not behind the data")
  }

  static func freeBytes(_ folder: URL) -> Int? {
    var place = folder
    while !FileManager.default.fileExists(atPath: place.path), place.pathComponents.count > 1 {
      place.deleteLastPathComponent()
    }
    var status = statvfs()
    guard statvfs(place.path, &status) == 0 else { return nil }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }

  static func descriptorLimit() -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_max)
  }

  /// What the kernel says of its clock: adjtimex(2) returns TIME_ERROR while no service disciplines it.
  static func clockIsSynchronised() -> Bool {
    var state = timex()
    return adjtimex(&state) != TIME_ERROR
  }

  /// Tries to listen; nil when the port is free.
  static func bindError(_ host: String, _ port: Int) -> Int32? {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0, let address = list else { return EADDRNOTAVAIL }
    defer { freeaddrinfo(list) }
    let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
    return bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 ? nil : errno
  }
}
