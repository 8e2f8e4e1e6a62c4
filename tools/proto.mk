# The generated protobuf code: compiled once, warnings off.
OBJS = $(shell cat $(B)/gen/objects)
$(B)/gen/libproto.a: $(OBJS)
	@rm -f $@
	@printf '  %-5s %s\n' AR $@
	@ar rcs $@ $(OBJS)
%.o: %.c
	@printf '  %-5s %s\n' CC $<
	@$(CC) -std=gnu17 -O1 -w $(SANFLAGS) -I$(B)/gen -c $< -o $@
