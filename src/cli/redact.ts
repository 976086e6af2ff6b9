/** The same text with every password of a connection string taken out: rather too much than too little of it. */
export function redact(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/?#]*:)\S*@/gi, "$1***@")
    .replace(/(\b(?:pg)?password\s*=\s*)('[^']*'|"[^"]*"|[^\s&]+)/gi, "$1***")
}
