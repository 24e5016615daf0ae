import Devices
import Kernel
import TestSupport
import Testing

@testable import DeviceGateway

@Suite("Sessions that a storm left in way (a)", .clause("9.4b", "9.4e"))
struct StormAftermathTests {
  private static let start = Instant(milliseconds: 1_795_415_528_000)

  private func left(_ count: Int) -> StormAftermath {
    var aftermath = StormAftermath()
    for number in 0..<count { aftermath.add(DeviceNumber(UInt32(number)), at: Self.start) }
    return aftermath
  }

  private func later(_ seconds: Int) -> Instant { Self.start.advanced(by: .seconds(seconds)) }

  @Test("are replaced once it has been calm for ten seconds, so many at once, oldest first, each once")
  func pace() {
    var aftermath = left(120)
    #expect(aftermath.due(messagesCount: 0, at: later(9)).isEmpty)
    #expect(aftermath.due(messagesCount: 0, at: later(10)).map(\.value) == Array(0..<50))
    #expect(aftermath.due(messagesCount: 0, at: later(11)).map(\.value) == Array(50..<100))
    #expect(aftermath.due(messagesCount: 0, at: later(12)).map(\.value) == Array(100..<120))
    #expect(aftermath.due(messagesCount: 0, at: later(13)).isEmpty && aftermath.count == 0)
  }

  @Test("wait while messages wait, and ten seconds more")
  func busy() {
    var aftermath = left(1)
    #expect(aftermath.due(messagesCount: StormAftermath.calmCount, at: later(60)).isEmpty)
    #expect(aftermath.due(messagesCount: 0, at: later(69)).isEmpty)
    #expect(aftermath.due(messagesCount: StormAftermath.calmCount - 1, at: later(70)).count == 1)
  }

  @Test("that end, or are replaced otherwise, wait no more; the next begins behind the others")
  func removed() {
    var aftermath = left(3)
    aftermath.remove(DeviceNumber(0))
    aftermath.remove(DeviceNumber(9))
    #expect(aftermath.count == 2)
    aftermath.add(DeviceNumber(3), at: Self.start)
    aftermath.add(DeviceNumber(3), at: Self.start)
    #expect(aftermath.due(messagesCount: 0, at: later(10)).map(\.value) == [1, 2, 3])
  }

  @Test("never wait in more places than there are, however often devices come and go")
  func bounded() {
    var aftermath = StormAftermath()
    for round in 0..<10_000 {
      aftermath.add(DeviceNumber(UInt32(round % 7)), at: Self.start)
      aftermath.remove(DeviceNumber(UInt32(round % 7)))
    }
    #expect(aftermath.count == 0 && aftermath.placesCount <= StormAftermath.devicesAtOnce)
    for number in 0..<(StormAftermath.devicesMax + 5) { aftermath.add(DeviceNumber(UInt32(number)), at: Self.start) }
    #expect(aftermath.count == StormAftermath.devicesMax)
  }

  @Test("a clock that is set back holds nobody up")
  func clock() {
    var aftermath = left(1)
    #expect(aftermath.due(messagesCount: 0, at: Self.start.advanced(by: .seconds(-3_600))).count == 1)
  }
}
