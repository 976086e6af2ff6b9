/** The same text with every password of a connection string taken out. */
export function redact(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/?#]*:)[^\s@]*@/gi, "$1***@")
    .replace(/(\b(?:pg)?password\s*=\s*)('[^']*'|"[^"]*"|[^\s&]+)/gi, "$1***")
}
