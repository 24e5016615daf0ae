import Guomi
import KeyLadder
import TestSupport
import Testing

@Suite("Provisioning at the factory", .clause("9.4d", "9.2.2b", "9.5.7"))
struct ProvisioningTests {
  /// An element and a platform that have met before only in that the element knows the platform's key.
  private struct Factory {
    let random: RandomSource
    let signing: SM2.SigningKey
    let decryption: SM2.DecryptionKey
    let platform: SM2.SigningKey
    let root = SecretBytes(copying: (0..<32).map { UInt8($0) })

    init(seed: UInt64 = 3) throws {
      let shared = SharedRandom(seed: seed)
      let random = RandomSource { shared.bytes($0) }
      self.random = random
      signing = try SM2.SigningKey.generate(random: random)
      decryption = try SM2.DecryptionKey.generate(random: random)
      platform = try SM2.SigningKey.generate(random: random)
    }

    func request(element: String? = "SE-1", device: String = "LK-1") throws -> ProvisioningRequest {
      try ProvisioningRequest(
        holder: .init(element: element.map { Array($0.utf8) }, device: Array(device.utf8)),
        random: try random.bytes(32), encryptionKey: decryption.encryptionKey, verifyingKey: signing.verifyingKey
      ) { try signing.sign($0, random: random).raw }
    }

    func key(_ request: ProvisioningRequest) throws -> SecretBytes {
      try KeyLadder.deviceKey(root: root, holder: request.holder, random: request.random)
    }

    func answer(_ request: ProvisioningRequest) throws -> [UInt8] {
      try ProvisioningAnswer(request, key: key(request), rootVersion: 7, random: random) {
        try platform.sign($0, random: random).raw
      }.message
    }

    func open(_ answer: [UInt8], of request: ProvisioningRequest) throws -> ProvisioningAnswer.Opened {
      try ProvisioningAnswer.open(answer, of: request, platform: platform.verifyingKey) { try decryption.decrypt($0) }
    }
  }

  @Test("an element gets its own key, and both sides see that it is the same", arguments: ["SE-1", nil])
  func answers(element: String?) throws {
    let factory = try Factory()
    let sent = try factory.request(element: element)
    let request = try ProvisioningRequest(sent.message)
    #expect(request == sent)
    let opened = try factory.open(factory.answer(request), of: sent)
    #expect(opened.key == (try factory.key(request)))
    #expect(opened.checkValue == KeyLadder.checkValue(try factory.key(request)))
    #expect(opened.rootVersion == 7)
  }

  @Test("no byte of request or answer can be changed or taken away")
  func bytes() throws {
    let factory = try Factory()
    let request = try factory.request()
    let answer = try factory.answer(request)
    for index in request.message.indices {
      #expect(throws: KeyLadderError.self) { try ProvisioningRequest(SessionTests.flipped(request.message, at: index)) }
      #expect(throws: KeyLadderError.self) { try ProvisioningRequest(Array(request.message[..<index])) }
    }
    for index in answer.indices {
      #expect(throws: KeyLadderError.self) { try factory.open(SessionTests.flipped(answer, at: index), of: request) }
      #expect(throws: KeyLadderError.self) { try factory.open(Array(answer[..<index]), of: request) }
    }
  }

  @Test("an answer to another request, or of another platform, is not taken")
  func others() throws {
    let factory = try Factory()
    let (one, two) = (try factory.request(), try factory.request(device: "LK-2"))
    #expect(throws: KeyLadderError.notAuthentic) { try factory.open(factory.answer(one), of: two) }
    let stranger = try Factory(seed: 9)
    #expect(throws: KeyLadderError.notAuthentic) { try factory.open(stranger.answer(one), of: one) }
  }

  @Test("a batch file gives its station the keys of its devices, in its time")
  func batch() throws {
    let factory = try Factory()
    let entries = try (0..<50).map { number in
      let request = try factory.request(element: number % 2 == 0 ? nil : "SE-\(number)", device: "LK-\(number)")
      return try ProvisioningBatch.Entry(
        holder: request.holder, random: request.random, key: factory.key(request))
    }
    let head = try ProvisioningBatch.Head(
      id: Array(repeating: 5, count: 16), station: Array("ST-1".utf8), validity: 1_000..<2_000, rootVersion: 7)
    let file = try ProvisioningBatch.seal(
      entries, head: head, station: factory.decryption.encryptionKey, random: factory.random
    ) { try factory.platform.sign($0, random: factory.random).raw }
    func open(_ file: [UInt8], station: String = "ST-1", now: UInt64 = 1_000) throws -> [ProvisioningBatch.Entry] {
      let (found, entries) = try ProvisioningBatch.open(
        file, station: Array(station.utf8), now: now, platform: factory.platform.verifyingKey
      ) { try factory.decryption.decrypt($0) }
      #expect(found == head)
      return entries
    }
    let opened = try open(file)
    #expect(opened.map(\.holder) == entries.map(\.holder))
    #expect(opened.map(\.random) == entries.map(\.random))
    #expect(zip(opened, entries).allSatisfy { $0.key == $1.key })
    #expect(throws: KeyLadderError.epoch) { try open(file, now: 999) }
    #expect(throws: KeyLadderError.epoch) { try open(file, now: 2_000) }
    #expect(throws: KeyLadderError.id) { try open(file, station: "ST-2") }
    for index in stride(from: 0, to: file.count, by: 37) {
      #expect(throws: KeyLadderError.self) { try open(SessionTests.flipped(file, at: index)) }
      #expect(throws: KeyLadderError.self) { try open(Array(file[..<index])) }
    }
    let stranger = try Factory(seed: 9)
    #expect(throws: KeyLadderError.notAuthentic) {
      try ProvisioningBatch.open(
        file, station: Array("ST-1".utf8), now: 1_500, platform: factory.platform.verifyingKey
      ) { try stranger.decryption.decrypt($0) }
    }
  }

  @Test("a batch of none, and one that names a device twice, is not made")
  func wrongBatches() throws {
    let factory = try Factory()
    let head = try ProvisioningBatch.Head(
      id: Array(repeating: 5, count: 16), station: [1], validity: 1_000..<2_000, rootVersion: 7)
    let entry = try ProvisioningBatch.Entry(
      holder: .init(element: nil, device: [1]), random: Array(repeating: 1, count: 32), key: factory.root)
    for entries in [[], [entry, entry]] {
      #expect(throws: KeyLadderError.length) {
        try ProvisioningBatch.seal(
          entries, head: head, station: factory.decryption.encryptionKey, random: factory.random
        ) { try factory.platform.sign($0, random: factory.random).raw }
      }
    }
  }
}
