/// A configuration of nginx as it was read: what `nginx -T` prints, or one file.
package struct NginxText: Sendable {
  /// Bytes of all files together; a dump beyond it is not looked at.
  package static let maxSize = 16 * 1024 * 1024

  package let bytes: [UInt8]
  /// A path, or what people call where it came from.
  package let name: String

  package init(bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }
}
