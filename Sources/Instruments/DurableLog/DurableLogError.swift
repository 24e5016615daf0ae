/// What can go wrong with a log. A batch whose append answered one of these is not promised to anyone.
public enum DurableLogError: Error, Hashable, Sendable {
  /// No space left. The log takes batches again as soon as there is.
  case full
  /// The file cannot be read or written: SQLite's extended result code and message.
  case io(code: Int32, message: String)
  /// More bytes wait than `Options.waitingBytesMax`: the caller reads too fast.
  case overloaded
  /// One batch is larger than `Options.batchBytesMax`.
  case tooLarge
  /// The segment at this position does not match its checksum.
  case corrupt(DurableLog.Lane, DurableLog.Position)
  /// The file is not a log, or of a version this program does not know.
  case unknownFormat(String)
  /// `synchronous` does not read FULL: acknowledgements would be lies, so the log refuses to open.
  case notDurable(synchronous: Int)
  /// The log has been closed.
  case closed
}
