/* What a C program on libfcgi does at most: four threads that block in accept, one constant reply of argv[2] bytes.
 * argv[1] is the socket's path. Written for comparison; it knows neither tokens nor turns. */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int listener;
static char *body;
static int length;

static void *serve(void *unused) {
  (void)unused;
  FCGX_Request request;
  FCGX_InitRequest(&request, listener, 0);
  while (FCGX_Accept_r(&request) == 0) {
    FCGX_FPrintF(request.out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", length);
    FCGX_PutStr(body, length, request.out);
    FCGX_Finish_r(&request);
  }
  return NULL;
}

int main(int count, char **words) {
  if (count != 3) return 64;
  length = atoi(words[2]);
  body = malloc(length + 1);
  memset(body, 'x', length);
  if (FCGX_Init() != 0) return 1;
  listener = FCGX_OpenSocket(words[1], 1024);
  if (listener < 0) return 1;
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, serve, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  return 0;
}
