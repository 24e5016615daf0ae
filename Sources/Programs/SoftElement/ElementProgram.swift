import CLinux
import Glibc
import Guomi
package import SecureElement

/// The program around the element: shut in, started, served, ended.
package struct ElementProgram {
  /// Where callers come from.
  package enum Door: Hashable, Sendable {
    /// A Unix socket, made here, for programs of one user.
    case socket(String)
    /// The standard input and output.
    case pipes
  }

  package var folder: String
  /// The file of the device secret.
  package var secret: String
  package var door: Door
  /// Whose programs may call; nil for the element's own user.
  package var user: UInt32?
  /// Ends the power-on check before the first call is taken, which takes a while.
  package var checksFirst = false
  package var checkPeriodSeconds = 3_600
  /// How long the power-on check waits, so that a machine that starts much at once starts it first.
  package var checkDelaySeconds = 0
  /// Names of the elements of a rack, one a line; nil for one element.
  package var rackNames: String?
  /// Ends with the standard input: for the program that started this one.
  package var endsWithInput = false

  package init(folder: String, secret: String, door: Door) {
    self.folder = folder
    self.secret = secret
    self.door = door
  }

  /// What is written when the element takes calls.
  package static let greeting = "anju-element: ready\n"

  /// Runs to the end.
  ///
  /// - Throws: why it could not start, or had to end.
  package func run() throws(SecureElementError) {
    try Confinement.refuseDumps()
    let memory = try MemoryLock()
    let ending = try Self.ending()
    let listener = try listen()
    let (element, randomness) = try start()
    if checksFirst, randomness.checkAtPowerOn(goesOn: { true }) != true { throw .randomness }
    let delay = checksFirst ? 0 : checkDelaySeconds
    guard CheckThread.begin(randomness, periodSeconds: checkPeriodSeconds, delaySeconds: delay) else { throw .inside }
    let user = user ?? geteuid()
    try Confinement.confine()
    Self.tell(element, isAllMemoryLocked: memory.isAll)
    var server =
      if let listener {
        ElementServer(
          element: element, memory: memory, listener: listener, endings: [ending] + (endsWithInput ? [0] : []),
          user: user)
      } else {
        ElementServer(element: element, memory: memory, reading: 0, writing: 1, ending: ending)
      }
    _ = Self.greeting.withCString { write(2, $0, strlen($0)) }
    try server.run()
  }

  static func makeFolder(_ path: String) throws(SecureElementError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .storage }
  }

  private static func tell(_ element: any ElementAnswering, isAllMemoryLocked: Bool) {
    if let rack = element as? ElementRack { rack.tell(isAllMemoryLocked: isAllMemoryLocked, isConfined: true) }
    guard let element = element as? SoftElement else { return }
    element.isAllMemoryLocked = isAllMemoryLocked
    element.isConfined = true
  }

  private func start() throws(SecureElementError) -> (any ElementAnswering, Randomness) {
    try Self.makeFolder(folder)
    let randomness = try Randomness(entropy: .operatingSystem)
    try OpenSSLRandom.use(randomness.source)
    let secret = try DeviceSecret.load(secret, random: randomness.source)
    guard let rackNames else {
      return (try SoftElement(folder: folder, secret: secret, checking: randomness), randomness)
    }
    try Self.raiseFileLimit()
    let names = rackNames.split(separator: "\n").map(String.init)
    return (try ElementRack(names: names, folder: folder, secret: secret, randomness: randomness), randomness)
  }

  /// Two open files an element.
  private static func raiseFileLimit() throws(SecureElementError) {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(kind, &limit) == 0 else { throw .inside }
    limit.rlim_cur = limit.rlim_max
    guard setrlimit(kind, &limit) == 0 else { throw .inside }
  }

  /// SIGTERM and SIGINT as something to poll.
  private static func ending() throws(SecureElementError) -> Int32 {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    guard sigprocmask(SIG_BLOCK, &signals, nil) == 0 else { throw .inside }
    let descriptor = signalfd(-1, &signals, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    guard descriptor >= 0 else { throw .inside }
    return descriptor
  }

  /// The socket is its user's alone: made under a mask, in place of one that a killed element left.
  private func listen() throws(SecureElementError) -> Int32? {
    guard case .socket(let path) = door else { return nil }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .storage }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { throw .inside }
    unlink(path)
    let mask = umask(user == nil ? 0o177 : 0o111)
    defer { umask(mask) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let answer = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    guard answer == 0, Glibc.listen(descriptor, Int32(ElementLimits.connectionsMax)) == 0 else { throw .storage }
    return descriptor
  }
}

extension ElementProgram {
  /// What an operator, or a test, lets a shut-in process try, to see it end.
  package enum Proof: String, Sendable {
    /// Opens a file: the kernel has to end the process with SIGSYS (31).
    case open
    /// Makes a page that can be executed: the same.
    case execute
    /// Reads at address 8: the process has to end with status 70 and no trace.
    case fault
  }

  /// Shuts the process in and tries; returns only when it could.
  package static func prove(_ proof: Proof) throws(SecureElementError) {
    try Confinement.refuseDumps()
    try Confinement.confine()
    switch proof {
    case .open: _ = Glibc.open("/etc/hostname", O_RDONLY)
    case .execute:
      let page = mmap(nil, 4_096, PROT_READ | PROT_EXEC, Int32(MAP_PRIVATE | MAP_ANONYMOUS), -1, 0)
      _ = page
    case .fault:
      let address = UnsafePointer<Int>(bitPattern: 8)
      _ = write(1, address, 1)
      raise(SIGSEGV)
    }
  }
}
